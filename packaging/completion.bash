# SPDX-License-Identifier: Apache-2.0
# Completion of sockdiag_exporter for bash: the flags that its own --help lists. "=" is a word.
_sockdiag_exporter()
{
    local word=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD - 1]} words
    if [ "$word" = = ]; then
        flag=$flag= word=''
    elif [ "$flag" = = ]; then
        flag=${COMP_WORDS[COMP_CWORD - 2]}=
    fi
    case $flag in
    --web.config.file=)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    --log.level=) words='debug info warn error' ;;
    --log.format=) words='logfmt json' ;;
    *=) words='' ;;
    *)
        words=$("$1" --help 2>/dev/null | sed 's/=.*/=/; s/^  --\[no-\]\(.*\)/--\1 --no-\1/p; s/^  --/--/p; d')
        compopt -o nospace 2>/dev/null
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    [[ ${COMPREPLY[*]} = *= ]] || compopt +o nospace 2>/dev/null
}
complete -F _sockdiag_exporter sockdiag_exporter
