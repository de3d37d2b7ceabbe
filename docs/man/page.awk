# SPDX-License-Identifier: Apache-2.0
# usage: sockdiag_exporter --help | awk -v version=VERSION -v date=DATE -f page.awk - sockdiag_exporter.8.in
# The manual page: @FLAGS@ stands for the flags as --help describes them.
function escape(text)
{
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    return text
}
FILENAME == "-" && /^  --/ {
    sub(/^ */, "")
    value = ""
    if (split($0, parts, "=") == 2)
        value = "=\\fI" parts[2] "\\fR"
    flags = flags ".TP\n\\fB" escape(parts[1]) "\\fR" value "\n"
}
FILENAME == "-" && /^      / {
    sub(/^ */, "")
    flags = flags "\\&" escape($0) "\n"
}
FILENAME == "-" { next }
$0 == "@FLAGS@" { printf "%s", flags; next }
{
    gsub(/@VERSION@/, version)
    gsub(/@DATE@/, date)
    print
}
