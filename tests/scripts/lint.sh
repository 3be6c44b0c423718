#!/bin/sh
# The rules of the house that a machine can check. A tool that is missing is a fault, not a pass.
#
#   lint.sh BUILD      BUILD holds libcertlookup.a and the programs; status 1 when a rule is broken
set -u

build=$1
status=0
sources=$(find base x509 render fetch ldap cache http gateway cli -name '*.[ch]' | sort)
tests=$(find tests -name '*.[ch]' | sort)
shells=$(grep -rlE '^#!/(bin/sh|bin/bash|usr/bin/env bash)' .ci etc docker tests --include='*.sh' --include=run 2> /dev/null |
    sort)
bats=$(find tests -name '*.bats' -o -name '*.bash' | sort)

# Prints what it is given under a heading, and remembers that there was something.
report() {
    words=$(cat)
    if [ -n "$words" ]; then
        printf '== %s\n%s\n' "$1" "$words"
        return 1
    fi
}

# shellcheck disable=SC2086  # one word a file: no path here has a space
{
    cppcheck --quiet --std=c11 --language=c --enable=warning,performance,portability --inline-suppr -j2 --library=posix \
        --suppressions-list=tests/scripts/cppcheck.supp --template='{file}:{line}: {message} [{id}]' \
        -I. -D_GNU_SOURCE -D__x86_64__ -DVERSION='""' -DSYSCONFDIR='""' $sources 2>&1 | report cppcheck || status=1

    shellcheck $shells 2>&1 | report shellcheck || status=1
    # bats sets variables and calls functions that shellcheck cannot see, and ends a test at the first status but 0.
    shellcheck --shell=bats --exclude=SC2030,SC2031,SC2154,SC2164,SC2317 $bats 2>&1 | report 'shellcheck of bats' || status=1

    mandoc -Tlint -Wwarning man/*.[158] 2>&1 | report mandoc || status=1

    # Unbounded copies, numbers without errors, hidden state, shells.
    grep -nE '\b(strcpy|stpcpy|strcat|sprintf|vsprintf|gets|scanf|sscanf|atoi|atol|atoll|atof|strtok|gmtime|localtime|ctime|asctime|rand|srand|random|alloca|system|popen|gethostbyname|inet_addr|inet_ntoa|tmpnam|mktemp)\(' \
        $sources | report 'functions that we do not use' || status=1
    # Condition variables want an absolute time, and get one from the clock that they wait by.
    grep -nE '\b(time|gettimeofday|clock_gettime)\(' $sources | grep -vE '^base/(clock|pool)\.c:|MONOTONIC, &until\)' |
        report 'clocks are read in base/clock.c only' || status=1

    LC_ALL=C.UTF-8 grep -nE '^.{121,}$' $sources | cut -c1-60 | report 'lines over 120 columns' || status=1
    grep -nP '\t|[ \t]+$' $sources $tests | report 'tabs and spaces at the end' || status=1
    grep -nE '\btypedef (struct|union|enum)\b' $sources | report 'typedef' || status=1
    wc -l $sources | awk '$2 != "total" && $1 > 450 { print "note: " $2 " has " $1 " lines" }'
}

# Ours must not look like theirs, and must not stand in the way of theirs when the linker chooses.
nm -g --defined-only "$build/libcertlookup.a" 2> /dev/null | awk 'NF == 3 { print $3 }' | sort -u > "$build/symbols"
[ -s "$build/symbols" ] || echo 'no symbols found' | report symbols || status=1
grep -E '^(ldap_|ber_|redis|MHD_|X509_|event_)' "$build/symbols" | report 'symbols with a prefix of a library' || status=1
ldd "$build/certlookupd" "$build/certlookup" | awk '$2 == "=>" && $3 ~ /^\// && $3 !~ /lib(asan|ubsan|tsan|lsan)/ { print $3 }' |
    sort -u | xargs nm -D --defined-only 2> /dev/null | awk 'NF == 3 { sub(/@.*/, "", $3); print $3 }' | sort -u |
    comm -12 - "$build/symbols" | report 'symbols that a library has, too' || status=1

[ $status -eq 0 ] && echo 'lint is clean'
exit $status
