# SPDX-License-Identifier: Apache-2.0
# usage: awk -v version=VERSION -v bullet=TEXT -f changelog.awk CHANGELOG.md
# The items of one version in CHANGELOG.md, each after `bullet`, in lines of 78 characters at most.
function flush_item(    count, words, i, line)
{
    count = split(item, words)
    line = bullet words[1]
    for (i = 2; i <= count; i++) {
        if (length(line) + length(words[i]) > 77) {
            print line
            line = sprintf("%" length(bullet) "s", "") words[i]
        } else {
            line = line " " words[i]
        }
    }
    if (count)
        print line
    item = ""
}
/^(- |## )/ { flush_item() }
/^## / { inside = $2 == version; found = found || inside; next }
inside { item = item " " ($1 == "-" ? substr($0, 3) : $0) }
END {
    flush_item()
    if (!found)
        print "CHANGELOG.md has nothing about " version >"/dev/stderr"
    exit !found
}
