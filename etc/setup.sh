#!/bin/sh
# Installs what building and testing certlookup need, on Debian 12 and 13. Elsewhere it names what is missing.
#
#   setup.sh [test|fuzz|bench]      test: what reads in tests what comes out; fuzz: clang as well, for `make fuzz`; bench:
#                                   whom `make bench` compares with, and its clients
#
# Asks nothing, takes sudo where it is not root, does nothing when all is there. Servers that come with packages (slapd,
# redis) are for the tests to start on ports of their own: they are neither configured nor started here, nor is a
# prometheus, which comes for its promtool.
set -eu

# package                what for (a|b: a is installed unless something that is b is there)
packages='
gcc                      the compiler and its sanitizers
libc6-dev
make
pkg-config
libmicrohttpd-dev        HTTP
libgnutls28-dev          TLS of our listeners, which libmicrohttpd does by it
libssl-dev               X.509, seals
libldap-dev              LDAP
libhiredis-dev           Redis
libevent-dev             the event loop
libconfig-dev            the configuration file
libjansson-dev           JSON
libcurl4-openssl-dev|libcurl-dev     CRLs and OCSP, certlookup -u
libidn2-dev              mail domains
libunistring-dev         UTF-8
libcmocka-dev            unit tests
bats                     system tests
perl                     prove
slapd                    a real directory
ldap-utils               ldapsearch, to compare with
redis-server             a real Redis
curl                     asks as users do
openssl                  encrypts and decrypts with what comes out
python3-cryptography-vectors         make pkits: certificates and CRLs of NIST; data, no program
procps                   looks at the processes of tests
cppcheck                 make lint
shellcheck               make lint
mandoc                   make lint
binutils                 make lint: nm
'
case "${1:-}" in
test) packages="$packages
gpgsm                    encrypts with what comes out
gpg-agent                gpgsm
haproxy                  says for whom it connects, before our listeners
prometheus               promtool: reads what /metrics says, and tries the alert rules
nodejs                   reads what comes out, by packages of npm
npm                      these packages
chromium                 shows the page" ;;
fuzz) packages="$packages
clang                    libFuzzer
libclang-rt-dev" ;;
bench) packages="$packages
nginx|nginx-light        serves a file
webdis                   serves what Redis has
wrk                      as many requests as a server takes
nghttp2-client           h2load: as many as we say" ;;
esac

# pkg-config name, or header, for those who have other packages.
modules='libmicrohttpd gnutls libcrypto libssl ldap lber hiredis libevent libevent_pthreads libconfig jansson libcurl libidn2 cmocka'
tools='cc make pkg-config bats prove slapd ldapsearch redis-server curl openssl cppcheck shellcheck mandoc nm'
[ "${1:-}" != bench ] || tools="$tools nginx webdis wrk h2load"
[ "${1:-}" != test ] || tools="$tools gpgsm haproxy promtool node npm chromium"

name_missing() {
    missing=
    for module in $modules; do
        pkg-config --exists "$module" 2> /dev/null || missing="$missing $module"
    done
    printf '#include <unistr.h>\n' | ${CC:-cc} -E -x c - > /dev/null 2>&1 || missing="$missing libunistring"
    for tool in $tools; do
        PATH="$PATH:/usr/sbin:/usr/lib/openldap" command -v "$tool" > /dev/null || missing="$missing $tool"
    done
    if [ -n "$missing" ]; then
        echo "This is not Debian 12 or newer. Please install (pkg-config names, then programs):"
        echo " $missing"
        exit 1
    fi
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo > /dev/null; then
        sudo -- "$@"
    else
        echo "setup: neither root nor sudo: cannot run $*" >&2
        exit 1
    fi
}

# While packages are installed, no service is started: that is what policy-rc.d is asked for (invoke-rc.d(8)).
install_quietly() {
    policy=/usr/sbin/policy-rc.d
    [ -e $policy ] || trap 'as_root rm -f $policy' EXIT INT TERM
    [ -e $policy ] || printf '#!/bin/sh\nexit 101\n' | as_root sh -c "cat > $policy && chmod 755 $policy"
    case " $* " in
    *' slapd '*) echo 'slapd slapd/no_configuration boolean true' | as_root debconf-set-selections ;;
    esac
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" < /dev/null
    for service in slapd redis-server prometheus nginx webdis; do
        case " $* " in
        *" $service "*)
            if [ -d /run/systemd/system ]; then
                as_root systemctl disable "$service.service" || true
            fi
            ;;
        esac
    done
}

debian=0
if [ -r /etc/os-release ]; then
    # shellcheck source=/dev/null
    . /etc/os-release
    case "${ID:-}" in debian) debian=${VERSION_ID:-99} ;; esac
fi
if [ "${debian%%.*}" -lt 12 ] || ! command -v apt-get > /dev/null; then
    name_missing
    exit 0
fi

wanted=$(printf '%s\n' "$packages" | awk 'NF { print $1 }')
present=$(dpkg-query -W -f '${db:Status-Status} ${Package} ${Provides}\n' 2> /dev/null | awk '$1 == "installed"' |
    tr ',' ' ')
missing=
for package in $wanted; do
    printf '%s\n' "$present" | grep -qE " ($package)( |\$)" || missing="$missing ${package%|*}"
done
if [ -z "$missing" ]; then
    echo 'Everything that is needed is here.'
    exit 0
fi

echo "Installing:$missing"
# shellcheck disable=SC2086  # words
if ! as_root apt-get install -q -y --no-install-recommends --simulate $missing > /dev/null 2>&1; then
    as_root apt-get update -q
fi
# shellcheck disable=SC2086
install_quietly $missing
