# Answers that are had anew without anybody waiting.

STORY what is renewed is what the directory says now, past both caches
REDIS
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found usable=1
HAS corp alice@example.org good good2
RENEW alice@example.org
SEARCHES corp 2
REDIS_GETS 1
REDIS_SETS 2
NO_ANSWER
ASK alice@example.org
ANSWER found usable=2 layer=memory fresh
COUNTED renewals_started 1
COUNTED renewals_failed 0

STORY what the directory does not have any more is none
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
LACKS corp alice@example.org
RENEW alice@example.org
ASK alice@example.org
ANSWER none no_entry layer=memory
COUNTED renewals_failed 0

STORY a renewal that fails leaves what there is, and the address rests
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
MOOD corp down
RENEW alice@example.org
COUNTED renewals_failed 1
ASK alice@example.org
ANSWER found layer=memory fresh
SEARCHES corp 2
RENEW alice@example.org
COUNTED renewals_started 2
COUNTED renewals_failed 2
SEARCHES corp 2

STORY one that comes back with half of it leaves the whole that there is
DIRECTORY corp example.org
DIRECTORY branch example.org
START
HAS corp alice@example.org good
HAS branch alice@example.org good2
ASK alice@example.org
ANSWER found whole usable=2
MOOD branch down
RENEW alice@example.org
COUNTED renewals_failed 1
ASK alice@example.org
ANSWER found whole usable=2 layer=memory

STORY also when it comes too late
DIRECTORY corp example.org
DIRECTORY branch example.org
START
HAS corp alice@example.org good
HAS branch alice@example.org good2
ASK alice@example.org
ANSWER found whole usable=2
MOOD branch down
VALIDATORS hang
RENEW alice@example.org
TIME_PASSES 6s
VALIDATORS work
ASK alice@example.org
ANSWER found whole usable=2 layer=memory

STORY whoever asks meanwhile waits with it
DIRECTORY corp example.org
START
MOOD corp hangs
RENEW alice@example.org
ASK alice@example.org
NO_ANSWER
SEARCHES corp 1
RENEW alice@example.org
COUNTED renewals_joined 1
TIME_PASSES 5s
ANSWER unknown deadline
COUNTED renewals_failed 1

STORY what another gateway put into Redis is passed by
REDIS
DIRECTORY corp example.org
START
GATEWAY 2
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found usable=1 layer=directory
GATEWAY 1
RENEW alice@example.org
SEARCHES corp 2
REDIS_GETS 1

STORY no more in a second than the setting says
SET cache.renewals 3
DIRECTORY corp example.org
START
RENEW a@example.org
RENEW b@example.org
RENEW c@example.org
RENEW d@example.org
COUNTED renewals_started 3
COUNTED renewals_limited 1
SEARCHES corp 3
TIME_PASSES 400ms
RENEW d@example.org
RENEW e@example.org
COUNTED renewals_started 4
COUNTED renewals_limited 2
TIME_PASSES 10s
RENEW f@example.org
RENEW g@example.org
RENEW h@example.org
RENEW i@example.org
COUNTED renewals_started 7
COUNTED renewals_limited 3

STORY 0 is none
SET cache.renewals 0
DIRECTORY corp example.org
START
RENEW a@example.org
COUNTED renewals_limited 1
SEARCHES corp 0

STORY no more at a time than a quarter of the flights
SET lookup.flights 8
DIRECTORY corp example.org
START
MOOD corp hangs
RENEW a@example.org
RENEW b@example.org
RENEW c@example.org
COUNTED renewals_started 2
COUNTED renewals_limited 1
ASK d@example.org
SEARCHES corp 3
TIME_PASSES 5s
ANSWER unknown deadline
RENEW c@example.org
COUNTED renewals_started 3

STORY a renewal that is under way when the gateway ends keeps nobody
DIRECTORY corp example.org
START
MOOD corp hangs
RENEW a@example.org
DRAIN
RENEW b@example.org
SEARCHES corp 1
COUNTED renewals_started 1

STORY what began before a reload does not take the place of what came after it
DIRECTORY corp example.org
START
HAS corp alice@example.org good
MOOD corp hangs
RENEW alice@example.org
SET trust.revocation "off"
RELOAD
MOOD corp answers
ASK alice@example.org
ANSWER found layer=directory
SEARCHES corp 2
TIME_PASSES 5s
ASK alice@example.org
ANSWER found layer=memory
SEARCHES corp 2

# Ahead.

STORY what is asked for in the last part of its life is renewed, and nobody waits
SET cache.ttl "1h"
SET cache.ttr "5m"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
TIME_PASSES 48m
ASK alice@example.org
ANSWER found layer=memory fresh usable=1
SEARCHES corp 1
HAS corp alice@example.org good good2
ASK_LATE alice@example.org
ANSWER found layer=memory fresh usable=1
SEARCHES corp 2
COUNTED renewals_started 1
COUNTED renewals_failed 0
ASK alice@example.org 5
ANSWER found layer=memory fresh usable=2 times=5
TIME_PASSES 48m
ASK alice@example.org
ANSWER found layer=memory fresh
SEARCHES corp 2
COUNTED stale 0

STORY what nobody asks for is not
SET cache.ttl "1h"
SET cache.ttr "5m"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
TIME_PASSES 2h
SEARCHES corp 1
COUNTED renewals_started 0

STORY many who ask in that part make one renewal
SET cache.ttl "1h"
SET cache.ttr "5m"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
MOOD corp hangs
ASK_LATE alice@example.org 1000
ANSWER found layer=memory fresh times=1000
SEARCHES corp 2
COUNTED renewals_started 1
COUNTED renewals_joined 0

STORY a long ttr is half of the life
SET cache.ttl "100s"
SET cache.ttr "1h"
SET cache.limitttl "100s"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
TIME_PASSES 40s
ASK alice@example.org
ANSWER found layer=memory
SEARCHES corp 1
TIME_PASSES 40s
ASK alice@example.org
ANSWER found layer=memory
SEARCHES corp 2

STORY a life of seconds is not renewed ahead
SET cache.ttl "9s"
SET cache.limitttl "9s"
SET cache.ttr "5m"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
TIME_PASSES 7s
ASK alice@example.org
ANSWER found layer=memory
SEARCHES corp 1

STORY that there is none is not renewed
SET cache.negttl "5m"
SET cache.ttr "5m"
DIRECTORY corp example.org
START
ASK nobody@example.org
ANSWER none
TIME_PASSES 4m
ASK nobody@example.org
ANSWER none layer=memory
SEARCHES corp 1
COUNTED renewals_started 0

STORY ttr 0 is off, whatever stood there when the answer was made
SET cache.ttl "1h"
SET cache.ttr "5m"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
SET cache.ttr "0"
RELOAD
ASK_LATE alice@example.org
ANSWER found layer=memory
SEARCHES corp 1

STORY a directory that fails while an answer is renewed leaves it, and is asked again after a rest
SET cache.ttl "1h"
SET cache.ttr "5m"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
MOOD corp down
ASK_LATE alice@example.org
ANSWER found layer=memory fresh
COUNTED renewals_failed 1
SEARCHES corp 2
ASK alice@example.org
ANSWER found layer=memory fresh
SEARCHES corp 2
MOOD corp answers
TIME_PASSES 5s
ASK alice@example.org 2
ANSWER found layer=memory fresh times=2
SEARCHES corp 3
COUNTED renewals_started 2
COUNTED renewals_failed 1
TIME_PASSES 10m
ASK alice@example.org
ANSWER found layer=memory fresh
SEARCHES corp 3

STORY one that hangs keeps nobody waiting until the life is over
SET cache.ttl "1h"
SET cache.ttr "5m"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
MOOD corp hangs
ASK_LATE alice@example.org
ANSWER found layer=memory fresh
TIME_PASSES 5s
COUNTED renewals_failed 1
ASK alice@example.org
ANSWER found layer=memory fresh

STORY a certificate revoked meanwhile goes with the renewal
SET cache.ttl "1h"
SET cache.ttr "5m"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
REVOKE alice@example.org
RELOAD
ASK_LATE alice@example.org
ANSWER none revoked
NO_ANSWER

STORY a reload between: the next generation asks for itself
SET cache.ttl "1h"
SET cache.ttr "5m"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
MOOD corp hangs
ASK_LATE alice@example.org
ANSWER found layer=memory fresh
SEARCHES corp 2
SET trust.revocation "off"
RELOAD
MOOD corp answers
TIME_PASSES 5s
ASK alice@example.org
ANSWER found layer=memory
SEARCHES corp 2

STORY near the end of a certificate it is not renewed for ever
SET cache.ttl "2d"
SET cache.ttr "5m"
DIRECTORY corp example.org
START
HAS corp alice@example.org short
ASK alice@example.org
ANSWER found life<=1d
ASK_LATE alice@example.org 5
ANSWER found layer=memory times=5
TIME_PASSES 8s
ASK alice@example.org 5
ANSWER found layer=memory times=5
TIME_PASSES 1s
ASK alice@example.org 5
ANSWER found layer=memory times=5
SEARCHES corp 3
COUNTED renewals_started 2

STORY of several gateways one asks the directory
SET cache.ttl "1h"
SET cache.ttr "5m"
SET redis.seal-key-file "seal.key"
REDIS
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=redis
SEARCHES corp 1
HAS corp alice@example.org good good2
ASK_LATE alice@example.org
ANSWER found layer=memory usable=1
SEARCHES corp 2
GATEWAY 1
ASK alice@example.org
ANSWER found layer=redis usable=2
TIME_PASSES 3m
ASK alice@example.org 2
ANSWER found layer=memory usable=2 times=2
SEARCHES corp 2
COUNTED renewals_failed 0

# While it is renewed (RFC 5861 3).

STORY what expired a moment ago serves at once, marked, and is renewed once
SET cache.ttl "1h"
SET cache.revalidate "30s"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
HAS corp alice@example.org good good2
MOOD corp late
ASK_EXPIRED alice@example.org 3
ANSWER found stale layer=memory usable=1 times=3
SEARCHES corp 2
COUNTED renewals_started 1
COUNTED stale_renewing 3
TIME_PASSES 1s
ASK alice@example.org
ANSWER found stale layer=memory usable=1
MOOD corp answers
COUNTED renewals_failed 0
ASK alice@example.org
ANSWER found fresh layer=memory usable=2
SEARCHES corp 2

STORY the window ends
SET cache.ttl "1h"
SET cache.revalidate "30s"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
ASK_EXPIRED alice@example.org 0
TIME_PASSES 30s
ASK alice@example.org
ANSWER found fresh layer=directory
COUNTED stale 0

STORY it is half of the life at most
SET cache.ttl "10s"
SET cache.limitttl "10s"
SET cache.revalidate "30s"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
ASK_EXPIRED alice@example.org
ANSWER found stale
MOOD corp down
ASK_EXPIRED alice@example.org
ANSWER found stale
TIME_PASSES 6s
MOOD corp answers
ASK alice@example.org
ANSWER found fresh layer=directory

STORY revalidate 0 is off
SET cache.ttl "1h"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
ASK_EXPIRED alice@example.org
ANSWER found fresh layer=directory

STORY nor beyond stale
SET cache.ttl "1h"
SET cache.revalidate "30s"
SET cache.stale "10s"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
ASK_EXPIRED alice@example.org 0
TIME_PASSES 10s
ASK alice@example.org
ANSWER found fresh layer=directory

STORY nor beyond the certificate
SET cache.ttl "2d"
SET cache.revalidate "30s"
DIRECTORY corp example.org
START
HAS corp alice@example.org short
ASK alice@example.org
ANSWER found
ASK_EXPIRED alice@example.org 0
TIME_PASSES 1s
ASK alice@example.org
ANSWER none expired layer=directory

STORY that there is none does not serve beyond its life
SET cache.negttl "5m"
SET cache.revalidate "30s"
DIRECTORY corp example.org
START
ASK nobody@example.org
ANSWER none
HAS corp nobody@example.org good
ASK_EXPIRED nobody@example.org
ANSWER found layer=directory

STORY what was revoked does not serve
SET cache.ttl "1h"
SET cache.revalidate "30s"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
REVOKE alice@example.org
RELOAD
ASK_EXPIRED alice@example.org
ANSWER none revoked

STORY nor what a fetched CRL revokes
SET cache.ttl "1h"
SET cache.revalidate "30s"
SET trust.crls [ "root-crl.pem" ]
DIRECTORY corp example.org
START
CRL http://crl.example/issuing.crl 1
HAS corp alice@example.org listed
ASK alice@example.org
ANSWER found good
ASK_EXPIRED alice@example.org 0
CRL http://crl.example/issuing.crl 1 alice@example.org
TIME_PASSES 1d
ASK alice@example.org
ANSWER none revoked

STORY the directory fails: it serves to the window's end at once, and then as before
SET cache.ttl "1h"
SET cache.revalidate "30s"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
MOOD corp down
ASK_EXPIRED alice@example.org
ANSWER found stale
COUNTED renewals_failed 1
TIME_PASSES 6s
ASK alice@example.org
ANSWER found stale
COUNTED renewals_failed 2
TIME_PASSES 30s
ASK alice@example.org
ANSWER found stale layer=memory
COUNTED stale_renewing 2
COUNTED stale_failing 1

STORY a record of another gateway that expired a moment ago serves, too
SET cache.ttl "1h"
SET cache.revalidate "30s"
SET redis.seal-key-file "seal.key"
REDIS
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
ASK_EXPIRED alice@example.org 0
GATEWAY 2
START
MOOD corp hangs
ASK alice@example.org 3
ANSWER found stale times=3
SEARCHES corp 2
COUNTED stale_renewing 3

STORY but not one that is gone from Redis
SET cache.ttl "1h"
SET cache.revalidate "30s"
SET redis.seal-key-file "seal.key"
REDIS
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
REDIS-IS flushed
MOOD corp hangs
ASK_EXPIRED alice@example.org
NO_ANSWER
TIME_PASSES 4s
NO_ANSWER
TIME_PASSES 1s
ANSWER found stale
COUNTED stale_failing 1

# While the directories take long (RFC 8767 5).

STORY whoever could be given an older answer waits a short while only
SET cache.ttl "1h"
SET cache.patience "700ms"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
MOOD corp hangs
TIME_PASSES 2h
ASK alice@example.org 2
NO_ANSWER
TIME_PASSES 600ms
NO_ANSWER
TIME_PASSES 100ms
ANSWER found stale layer=memory times=2
ASK alice@example.org
ANSWER found stale layer=memory
SEARCHES corp 2
COUNTED stale_slow 3
TIME_PASSES 5s
NO_ANSWER
COUNTED stale_failing 0

STORY what comes later takes its place
SET cache.ttl "1h"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
MOOD corp late
TIME_PASSES 2h
HAS corp alice@example.org good good2
ASK alice@example.org
TIME_PASSES 1s
ANSWER found stale usable=1
MOOD corp answers
ASK alice@example.org
ANSWER found fresh layer=memory usable=2
SEARCHES corp 2

STORY with directories that failed the last time there is a tenth of it
SET cache.ttl "1h"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
MOOD corp hangs
TIME_PASSES 2h
ASK alice@example.org
TIME_PASSES 5s
ANSWER found stale
ASK alice@example.org
ANSWER found stale
SEARCHES corp 2
TIME_PASSES 1s
ASK alice@example.org
NO_ANSWER
TIME_PASSES 100ms
ANSWER found stale
SEARCHES corp 3
COUNTED stale_slow 2
COUNTED stale_failing 1
TIME_PASSES 10s
MOOD corp answers
ASK alice@example.org
ANSWER found fresh layer=directory

STORY who has nothing older waits to the deadline
DIRECTORY corp example.org
START
MOOD corp hangs
ASK alice@example.org
TIME_PASSES 4s
NO_ANSWER
TIME_PASSES 1s
ANSWER unknown deadline

STORY what another policy judged does not serve meanwhile, but at the end, judged again
SET cache.ttl "1h"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
SET trust.revocation "off"
RELOAD
MOOD corp hangs
TIME_PASSES 2h
ASK alice@example.org
TIME_PASSES 4s
NO_ANSWER
TIME_PASSES 1s
ANSWER found stale

STORY a patience beyond the deadline is none
SET cache.ttl "1h"
SET cache.patience "1m"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
MOOD corp hangs
TIME_PASSES 2h
ASK alice@example.org
TIME_PASSES 4s
NO_ANSWER
TIME_PASSES 1s
ANSWER found stale
COUNTED stale_failing 1
COUNTED stale_slow 0
