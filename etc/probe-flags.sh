#!/bin/sh
# Prints, as make variables, the hardening flags that $CC knows beyond those that every compiler does.
set -eu

knows() {
    printf '#include <stdio.h>\nint main(void) { return puts("") < 0; }\n' |
        ${CC:-cc} -Werror "$@" -x c - -o /dev/null 2> /dev/null
}

more=
for flag in -fstack-clash-protection -fcf-protection=full; do
    if knows "$flag"; then
        more="$more $flag"
    fi
done
echo "HARDEN_MORE :=$more"

for level in 3 2; do
    if knows -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$level; then
        echo "HARDEN_FORTIFY := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$level"
        break
    fi
done
