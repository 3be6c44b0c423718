#!/bin/sh
# What a gateway needs to keep and is not given is made at the first start, in /var/lib/certlookup: the key that seals
# what it stores in Redis, and the token for /v1/purge, /metrics and ?explain=1.
set -eu

for secret in seal.key token; do
    file=/var/lib/certlookup/$secret
    [ -e "$file" ] || certlookupd --new-key "$file" || [ -e "$file" ] # another gateway on this volume was first
done
exec certlookupd "$@"
