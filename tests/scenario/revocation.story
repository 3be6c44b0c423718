# Evidence that is fetched while we run. "listed" certificates name the CRL of their issuer at this URL; the root's CRL
# is in a file.

STORY the first sight of an issuer waits for its CRL, later ones do not
SET trust.crls [ "root-crl.pem" ]
DIRECTORY corp example.org
CRL http://crl.example/issuing.crl 10
START
HAS corp alice@example.org listed
HAS corp bob@example.org listed
ASK alice@example.org
ANSWER found usable=1 whole layer=directory
FETCHES http://crl.example/issuing.crl 1
ASK bob@example.org
ANSWER found usable=1 layer=directory
FETCHES http://crl.example/issuing.crl 1

STORY a CRL server that hangs is waited for, and the answer comes with the CRL
SET trust.crls [ "root-crl.pem" ]
DIRECTORY corp example.org
CRL http://crl.example/issuing.crl 10
WEB http://crl.example/issuing.crl hangs
START
HAS corp alice@example.org listed
ASK alice@example.org
NO_ANSWER
TIME_PASSES 2s
NO_ANSWER
WEB http://crl.example/issuing.crl answers
ANSWER found usable=1 layer=directory

STORY under require, a CRL server that hangs makes the outcome unknown at the deadline
SET trust.crls [ "root-crl.pem" ]
DIRECTORY corp example.org
CRL http://crl.example/issuing.crl 10
WEB http://crl.example/issuing.crl hangs
START
HAS corp alice@example.org listed
ASK alice@example.org
TIME_PASSES 4s
NO_ANSWER
TIME_PASSES 2s
ANSWER unknown revocation_unknown refused=1
WEB http://crl.example/issuing.crl answers
TIME_PASSES 2s
ASK alice@example.org
ANSWER found usable=1
FETCHES http://crl.example/issuing.crl 1

STORY under prefer, it is found and marked at the deadline, for a short while
SET trust.crls [ "root-crl.pem" ]
SET trust.revocation "prefer"
SET cache.limitttl "1m"
DIRECTORY corp example.org
CRL http://crl.example/issuing.crl 10
WEB http://crl.example/issuing.crl hangs
START
HAS corp alice@example.org listed
ASK alice@example.org
TIME_PASSES 4s
NO_ANSWER
TIME_PASSES 1s
ANSWER found usable=1 marked life<=1m
WEB http://crl.example/issuing.crl answers
TIME_PASSES 61s
ASK alice@example.org
ANSWER found usable=1 good life<=1h

STORY under require, a CRL server that is down gives unknown with a time to ask again, never none
SET trust.crls [ "root-crl.pem" ]
DIRECTORY corp example.org
START
HAS corp alice@example.org listed
ASK alice@example.org
ANSWER unknown revocation_unknown retry=1
FETCHES http://crl.example/issuing.crl 1
TIME_PASSES 2s
ASK alice@example.org
ANSWER unknown revocation_unknown
FETCHES http://crl.example/issuing.crl 2
TIME_PASSES 1h
CRL http://crl.example/issuing.crl 10
ASK alice@example.org
ANSWER found usable=1

STORY under prefer, a CRL server that is down gives found and marked, and who comes next does not wait for it
SET trust.crls [ "root-crl.pem" ]
SET trust.revocation "prefer"
DIRECTORY corp example.org
START
HAS corp alice@example.org listed
ASK alice@example.org
ANSWER found usable=1 marked
TIME_PASSES 2m
WEB http://crl.example/issuing.crl hangs
ASK alice@example.org
ANSWER found usable=1 marked
FETCHES http://crl.example/issuing.crl 2

STORY a place that fails is asked less and less often
SET trust.crls [ "root-crl.pem" ]
SET trust.revocation "prefer"
SET cache.ttl "1s"
SET cache.limitttl "1s"
SET cache.negttl "1s"
DIRECTORY corp example.org
START
HAS corp alice@example.org listed
ASK alice@example.org 50
ANSWER found times=50
FETCHES http://crl.example/issuing.crl 1
TIME_PASSES 1100ms
ASK alice@example.org
ANSWER found
FETCHES http://crl.example/issuing.crl 2
TIME_PASSES 1100ms
ASK alice@example.org
ANSWER found
FETCHES http://crl.example/issuing.crl 2
TIME_PASSES 1100ms
ASK alice@example.org
ANSWER found
FETCHES http://crl.example/issuing.crl 3

STORY a server that says when to come again is left alone until then
SET trust.crls [ "root-crl.pem" ]
SET trust.revocation "prefer"
SET cache.limitttl "10s"
DIRECTORY corp example.org
WEB http://crl.example/issuing.crl busy
START
HAS corp alice@example.org listed
ASK alice@example.org
ANSWER found marked
TIME_PASSES 100s
ASK alice@example.org
ANSWER found marked
FETCHES http://crl.example/issuing.crl 1
TIME_PASSES 21s
ASK alice@example.org
ANSWER found marked
FETCHES http://crl.example/issuing.crl 2

STORY a bad CRL is remembered and not fetched for each lookup
SET trust.crls [ "root-crl.pem" ]
DIRECTORY corp example.org
WEB http://crl.example/issuing.crl garbage
START
HAS corp alice@example.org listed
ASK alice@example.org
ANSWER unknown revocation_unknown
TIME_PASSES 30s
ASK alice@example.org
ANSWER unknown
FETCHES http://crl.example/issuing.crl 1
CRL http://crl.example/issuing.crl 10
TIME_PASSES 2m
ASK alice@example.org
ANSWER found usable=1
FETCHES http://crl.example/issuing.crl 2

STORY a CRL that another key signed is remembered as well, but for no longer than an hour, whatever it says of itself
SET trust.crls [ "root-crl.pem" ]
SET trust.revocation "prefer"
SET cache.ttl "1s"
SET cache.limitttl "1s"
SET cache.negttl "1s"
DIRECTORY corp example.org
FORGED http://crl.example/issuing.crl 3650
START
HAS corp alice@example.org listed
ASK alice@example.org
ANSWER found marked
TIME_PASSES 50m
ASK alice@example.org 50
ANSWER found marked times=50
FETCHES http://crl.example/issuing.crl 1
CRL http://crl.example/issuing.crl 10 alice@example.org
TIME_PASSES 11m
ASK alice@example.org
ANSWER none revoked
FETCHES http://crl.example/issuing.crl 2

STORY what our own rules refuse is not asked again before the configuration changes
SET trust.crls [ "root-crl.pem" ]
DIRECTORY corp example.org
WEB http://crl.example/issuing.crl refused
START
HAS corp alice@example.org listed
ASK alice@example.org
ANSWER unknown revocation_unknown
TIME_PASSES 1h
ASK alice@example.org
ANSWER unknown
FETCHES http://crl.example/issuing.crl 1
CRL http://crl.example/issuing.crl 10
SET fetch.networks [ "10.0.0.0/8" ]
RELOAD
TIME_PASSES 1m
ASK alice@example.org
ANSWER found usable=1
FETCHES http://crl.example/issuing.crl 2

STORY with fetching off and no other source, unknown revocation is none for good
SET trust.crls [ "root-crl.pem" ]
SET fetch.crls false
SET directories.issuers false
DIRECTORY corp example.org
CRL http://crl.example/issuing.crl 10
START
HAS corp alice@example.org listed
ASK alice@example.org
ANSWER none revocation_unknown
FETCHES http://crl.example/issuing.crl 0
READINGS corp 0

STORY a CRL in the issuer's entry of the directory is found
SET trust.crls [ "root-crl.pem" ]
DIRECTORY corp example.org
ENTRY corp CN=Story_Issuing_CA,O=Example,C=XX 10
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found usable=1
READINGS corp 1

STORY a revoked certificate beside a good one: the good one
SET trust.crls [ "root-crl.pem" ]
DIRECTORY corp example.org
CRL http://crl.example/issuing.crl 10 alice@example.org
START
HAS corp alice@example.org listed good
ASK alice@example.org
ANSWER found usable=1 refused=1

STORY two lookups that want one CRL make one fetch
SET trust.crls [ "root-crl.pem" ]
DIRECTORY corp example.org
CRL http://crl.example/issuing.crl 10
WEB http://crl.example/issuing.crl hangs
START
HAS corp alice@example.org listed
HAS corp bob@example.org listed
ASK alice@example.org
ASK bob@example.org
NO_ANSWER
WEB http://crl.example/issuing.crl answers
ANSWER found
ANSWER found
FETCHES http://crl.example/issuing.crl 1

STORY a CRL is fetched again before its nextUpdate, and no lookup waits for that
SET trust.crls [ "root-crl.pem" ]
SET cache.ttl "1h"
DIRECTORY corp example.org
CRL http://crl.example/issuing.crl 2
START
HAS corp alice@example.org listed
ASK alice@example.org
ANSWER found
FETCHES http://crl.example/issuing.crl 1
CRL http://crl.example/issuing.crl 4
TIME_PASSES 6h
FETCHES http://crl.example/issuing.crl 2
WEB http://crl.example/issuing.crl hangs
TIME_PASSES 44h
ASK alice@example.org
ANSWER found good

STORY when refreshing fails, the old CRL serves until its nextUpdate and no longer
SET trust.crls [ "root-crl.pem" ]
SET cache.ttl "1h"
DIRECTORY corp example.org
CRL http://crl.example/issuing.crl 2
START
HAS corp alice@example.org listed
ASK alice@example.org
ANSWER found
WEB http://crl.example/issuing.crl down
TIME_PASSES 47h
ASK alice@example.org
ANSWER found good
TIME_PASSES 2h
ASK alice@example.org
ANSWER unknown revocation_unknown

STORY an answer in memory ends with the nextUpdate of a CRL that was fetched
SET trust.crls [ "root-crl.pem" ]
SET cache.ttl "5d"
DIRECTORY corp example.org
CRL http://crl.example/issuing.crl 1
START
HAS corp alice@example.org listed
ASK alice@example.org
ANSWER found life<=1d
WEB http://crl.example/issuing.crl down
TIME_PASSES 23h
ASK alice@example.org
ANSWER found layer=memory
TIME_PASSES 61m
ASK alice@example.org
ANSWER unknown revocation_unknown

STORY a new CRL drops the answer that it revokes, and no other
SET trust.crls [ "root-crl.pem" ]
SET cache.ttl "5d"
DIRECTORY corp example.org
CRL http://crl.example/issuing.crl 2
START
HAS corp alice@example.org listed
HAS corp bob@example.org listed
ASK alice@example.org
ANSWER found
ASK bob@example.org
ANSWER found
CRL http://crl.example/issuing.crl 4 alice@example.org
TIME_PASSES 6h
FETCHES http://crl.example/issuing.crl 2
ASK bob@example.org
ANSWER found layer=memory
ASK alice@example.org
ANSWER none revoked layer=directory

STORY a verdict made before a new CRL came is not given out after it
SET trust.crls [ "root-crl.pem" ]
DIRECTORY corp example.org
CRL http://crl.example/issuing.crl 2
WEB http://crl.example/second.crl hangs
START
HAS corp alice@example.org listed
HAS corp bob@example.org listed
HAS corp carol@example.org elsewhere
ASK carol@example.org
NO_ANSWER
ASK bob@example.org
ANSWER found good
VALIDATORS hang
ASK alice@example.org      # her verdict waits for a validator, with the CRL that bob's lookup brought
NO_ANSWER
CRL http://crl.example/second.crl 4 alice@example.org
VALIDATORS work_newest_first
TIME_PASSES 1ms
VALIDATORS work
ANSWER none revoked
ANSWER found good

STORY a CRL past its nextUpdate still revokes
SET trust.crls [ "root-crl.pem" ]
SET trust.revocation "prefer"
DIRECTORY corp example.org
CRL http://crl.example/issuing.crl 1 alice@example.org
START
HAS corp alice@example.org listed
ASK alice@example.org
ANSWER none revoked
WEB http://crl.example/issuing.crl down
TIME_PASSES 26h
ASK alice@example.org
ANSWER none revoked

STORY the CRLs of the configuration are there before anybody asks
SET trust.crls [ "root-crl.pem", "http://crl.example/issuing.crl" ]
DIRECTORY corp example.org
CRL http://crl.example/issuing.crl 10
START
READY
FETCHES http://crl.example/issuing.crl 1
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found good
FETCHES http://crl.example/issuing.crl 1

STORY readiness waits for the CRLs of the configuration, but not for ever
SET trust.crls [ "root-crl.pem", "http://crl.example/issuing.crl" ]
DIRECTORY corp example.org
CRL http://crl.example/issuing.crl 10
WEB http://crl.example/issuing.crl hangs
START
NOT_READY
TIME_PASSES 4s
NOT_READY
TIME_PASSES 2s
READY

STORY a CRL of the configuration that fails is asked for again without anybody wanting it
SET trust.crls [ "root-crl.pem", "http://crl.example/issuing.crl" ]
DIRECTORY corp example.org
START
READY
FETCHES http://crl.example/issuing.crl 1
TIME_PASSES 10s
CRL http://crl.example/issuing.crl 10
TIME_PASSES 5m
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found good

STORY a URL that a reload takes out of the configuration is not refreshed for it any longer
SET trust.crls [ "root-crl.pem", "http://crl.example/issuing.crl" ]
DIRECTORY corp example.org
START
TIME_PASSES 1m
SET trust.crls [ "root-crl.pem" ]
RELOAD
FETCHES http://crl.example/issuing.crl 6
TIME_PASSES 1h
FETCHES http://crl.example/issuing.crl 6

STORY after prefetch, lookups make no fetch
SET trust.crls [ "root-crl.pem" ]
SET cache.ttl "1s"
SET cache.negttl "1s"
SET cache.limitttl "1s"
DIRECTORY corp example.org
CRL http://crl.example/issuing.crl 10
START
HAS corp alice@example.org listed
HAS corp bob@example.org listed
HAS corp carol@example.org listed good
ASK alice@example.org
ANSWER found
FETCHES http://crl.example/issuing.crl 1
READINGS corp 1
TIME_PASSES 2s
ASK alice@example.org 3000
ANSWER found good times=3000
ASK bob@example.org 3000
ANSWER found good times=3000
ASK carol@example.org 4000
ANSWER found times=4000
TIME_PASSES 2s
ASK carol@example.org
ANSWER found usable=2 layer=directory
FETCHES http://crl.example/issuing.crl 1
READINGS corp 1

STORY a CRL that one gateway fetched is there for the others, sealed
SET trust.crls [ "root-crl.pem" ]
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
CRL http://crl.example/issuing.crl 10
START
HAS corp alice@example.org listed
HAS corp bob@example.org listed
ASK alice@example.org
ANSWER found good
FETCHES http://crl.example/issuing.crl 1
GATEWAY 2
START
ASK bob@example.org
ANSWER found good layer=directory
FETCHES http://crl.example/issuing.crl 1
SECRET crl.example
SECRET Story

STORY a CRL in Redis that was tampered with is as good as none
SET trust.crls [ "root-crl.pem" ]
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
CRL http://crl.example/issuing.crl 10
START
HAS corp alice@example.org listed
HAS corp bob@example.org listed
ASK alice@example.org
ANSWER found
REDIS-IS tampered
GATEWAY 2
START
ASK bob@example.org
ANSWER found good
FETCHES http://crl.example/issuing.crl 2

STORY a record of Redis that our evidence revokes is judged again before it is served
SET trust.crls [ "root-crl.pem" ]
SET redis.seal-key-file "seal.key"
SET cache.ttl "5d"
DIRECTORY corp example.org
REDIS
CRL http://crl.example/issuing.crl 9
START
HAS corp alice@example.org listed
HAS corp bob@example.org listed
ASK alice@example.org
ANSWER found good
REDIS-IS evidence_forgotten
CRL http://crl.example/issuing.crl 10 alice@example.org
GATEWAY 2
START
ASK bob@example.org
ANSWER found good
FETCHES http://crl.example/issuing.crl 2
ASK alice@example.org
ANSWER none revoked layer=redis

STORY while its refresh is due, a gateway takes the newer CRL of another
SET trust.crls [ "root-crl.pem" ]
SET redis.seal-key-file "seal.key"
SET cache.ttl "1h"
DIRECTORY corp example.org
REDIS
CRL http://crl.example/issuing.crl 2
START
GATEWAY 2
START
HAS corp alice@example.org listed
HAS corp bob@example.org listed
GATEWAY 1
ASK alice@example.org
ANSWER found
TIME_PASSES 10m
GATEWAY 2
ASK bob@example.org
ANSWER found
FETCHES http://crl.example/issuing.crl 1
CRL http://crl.example/issuing.crl 6
TIME_PASSES 7h
FETCHES http://crl.example/issuing.crl 2

STORY a CRL in Redis is verified again on the way back: one of another key is not believed, whoever sealed it
SET trust.crls [ "root-crl.pem" ]
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
CRL http://crl.example/issuing.crl 10 alice@example.org
START
HAS corp alice@example.org listed
HAS corp bob@example.org listed
ASK bob@example.org
ANSWER found good
REDIS-IS forged            # it lists nobody
WEB http://crl.example/issuing.crl down
GATEWAY 2
START
ASK alice@example.org
ANSWER unknown revocation_unknown
FETCHES http://crl.example/issuing.crl 2

STORY a CRL in Redis that does not verify is fetched from its own place
SET trust.crls [ "root-crl.pem" ]
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
CRL http://crl.example/issuing.crl 10 alice@example.org
START
HAS corp alice@example.org listed
HAS corp bob@example.org listed
ASK bob@example.org
ANSWER found good
REDIS-IS forged
GATEWAY 2
START
ASK alice@example.org
ANSWER none revoked
FETCHES http://crl.example/issuing.crl 2

STORY a bad answer when refreshing does not end the refreshing
SET trust.crls [ "root-crl.pem" ]
SET cache.ttl "1h"
DIRECTORY corp example.org
CRL http://crl.example/issuing.crl 2
START
HAS corp alice@example.org listed
ASK alice@example.org
ANSWER found
WEB http://crl.example/issuing.crl garbage
TIME_PASSES 6h
CRL http://crl.example/issuing.crl 4
WEB http://crl.example/issuing.crl answers
TIME_PASSES 10m
WEB http://crl.example/issuing.crl hangs
TIME_PASSES 44h
ASK alice@example.org
ANSWER found good

STORY an address that rests for want of a CRL is looked up as soon as the CRL is there
SET trust.crls [ "root-crl.pem" ]
DIRECTORY corp example.org
CRL http://crl.example/issuing.crl 10
WEB http://crl.example/issuing.crl hangs
START
HAS corp alice@example.org listed
ASK alice@example.org
TIME_PASSES 5s
ANSWER unknown revocation_unknown
ASK alice@example.org
ANSWER unknown backing_off
WEB http://crl.example/issuing.crl answers
ASK alice@example.org
ANSWER found good
FETCHES http://crl.example/issuing.crl 1
