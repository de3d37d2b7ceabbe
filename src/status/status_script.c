// SPDX-License-Identifier: Apache-2.0
#include "status_page.h"

/* Every five seconds fetch the page and replace only the nodes that differ, so that the scroll
 * position and the focus remain. While text is selected, nothing is replaced. If no new page comes,
 * say so: old numbers must not look like new ones. */
const char status_page_script[] =
    "'use strict';"
    "const notice = document.querySelector('.notice');"
    "function notify(text) { notice.textContent = text; notice.hidden = !text; }"
    "function renew(old, fresh) {"
    " if (old.isEqualNode(fresh)) return;"
    " const nodes = [...fresh.childNodes];"
    " const alike = nodes.length > 0 ? nodes.length === old.childNodes.length : false;"
    " if (alike ? old.cloneNode().isEqualNode(fresh.cloneNode()) : false)"
    "  nodes.forEach((node, i) => renew(old.childNodes[i], node));"
    " else old.replaceWith(fresh);"
    "}"
    "async function load() {"
    " const answer = await fetch(location.origin + location.pathname,"
    "  {signal: AbortSignal.timeout(4000)});"
    " const text = await answer.text();"
    " if (!answer.ok) throw new Error(text);"
    " return new DOMParser().parseFromString(text, 'text/html');"
    "}"
    "setInterval(async () => {"
    " try {"
    "  const page = await load();"
    "  if (!getSelection().isCollapsed) return notify('Not renewed while text is selected.');"
    "  document.title = page.title;"
    "  for (const part of ['header', 'main'])"
    "   renew(document.querySelector(part), page.querySelector(part));"
    "  notify('');"
    " } catch (error) { notify('These numbers are old: no answer. ' + error.message); }"
    "}, 5000);";
