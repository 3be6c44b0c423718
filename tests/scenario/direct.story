# What the Direct Project's conformance tool asks of a directory of certificates, for LDAP. "First server dead: the next"
# is about the servers of one directory: tests/system/servers.bats.

STORY Direct: an address-bound certificate is found
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found usable=1 refused=0

STORY Direct: a domain-bound certificate serves as fallback
SET trust.domain-certificates true
DIRECTORY corp example.org
START
HAS corp alice@example.org domain
ASK alice@example.org
ANSWER found usable=1
HAS corp bob@example.org domain expired
ASK bob@example.org
ANSWER found usable=1 refused=1

STORY Direct: without the switch a domain-bound certificate is none of the address
DIRECTORY corp example.org
START
HAS corp alice@example.org domain
ASK alice@example.org
ANSWER none address_mismatch refused=1

STORY Direct: only an expired one is none
DIRECTORY corp example.org
START
HAS corp alice@example.org expired
ASK alice@example.org
ANSWER none expired refused=1

STORY Direct: one valid among invalid ones is that one
DIRECTORY corp example.org
START
HAS corp alice@example.org expired untrusted signing garbage good
ASK alice@example.org
ANSWER found usable=1 refused=4

STORY Direct: the only server dead is unknown, not none
DIRECTORY corp example.org
START
HAS corp alice@example.org good
MOOD corp down
ASK alice@example.org
ANSWER unknown directory_unavailable retry=1

STORY Direct: an entry without certificates is none
DIRECTORY corp example.org
START
HAS corp alice@example.org -
ASK alice@example.org
ANSWER none no_certificate

STORY Direct: two revoked and one good are the good one
DIRECTORY corp example.org
HAS corp alice@example.org good revoked good2
REVOKE alice@example.org
START
ASK alice@example.org
ANSWER found usable=1 refused=2
LACKS corp alice@example.org
HAS corp alice@example.org good revoked
TIME_PASSES 61m
ASK alice@example.org
ANSWER none revoked refused=2

STORY Direct: an intermediate by AIA
SET trust.revocation "off"
SET fetch.issuers true
SET fetch.allow [ "aia.example" ]
SET directories.issuers false
DIRECTORY corp example.org
ISSUER http://aia.example/hidden.cer
START
HAS corp alice@example.org led
HAS corp bob@example.org led
ASK alice@example.org
ANSWER found usable=1
ASK bob@example.org
ANSWER found usable=1
FETCHES http://aia.example/hidden.cer 1

STORY an intermediate by AIA is not asked for unless that is switched on
SET trust.revocation "off"
SET directories.issuers false
DIRECTORY corp example.org
ISSUER http://aia.example/hidden.cer
START
HAS corp alice@example.org led
ASK alice@example.org
ANSWER none untrusted refused=1
FETCHES http://aia.example/hidden.cer 0

STORY an intermediate in its entry of the directory
SET trust.revocation "off"
DIRECTORY corp example.org
ISSUER-ENTRY corp CN=Story_Hidden_CA,O=Example,C=XX
START
HAS corp alice@example.org hidden
HAS corp bob@example.org hidden
ASK alice@example.org
ANSWER found usable=1
ASK bob@example.org
ANSWER found usable=1
READINGS corp 1

STORY an intermediate by AIA when its entry of the directory is not there
SET trust.revocation "off"
SET fetch.issuers true
SET fetch.allow [ "aia.example" ]
DIRECTORY corp example.org
ISSUER http://aia.example/hidden.cer
START
HAS corp alice@example.org led
ASK alice@example.org
ANSWER found usable=1
READINGS corp 1
FETCHES http://aia.example/hidden.cer 1

STORY an intermediate by AIA when the directory does not give it
SET trust.revocation "off"
SET fetch.issuers true
SET fetch.allow [ "aia.example" ]
DIRECTORY corp example.org
ISSUER http://aia.example/hidden.cer
START
HAS corp alice@example.org led
MOOD corp no_entries
ASK alice@example.org
ANSWER found usable=1
READINGS corp 1
FETCHES http://aia.example/hidden.cer 1

STORY an intermediate in its entry of the directory comes before one by AIA
SET trust.revocation "off"
SET fetch.issuers true
SET fetch.allow [ "aia.example" ]
DIRECTORY corp example.org
ISSUER-ENTRY corp CN=Story_Hidden_CA,O=Example,C=XX
ISSUER http://aia.example/hidden.cer
START
HAS corp alice@example.org led
ASK alice@example.org
ANSWER found usable=1
FETCHES http://aia.example/hidden.cer 0
