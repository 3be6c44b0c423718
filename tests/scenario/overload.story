# More lookups than there is room for.

STORY a directory for which too many wait: refused at once, and no rest for the address
DIRECTORY corp example.org
START
HAS corp alice@example.org good
MOOD corp overloaded
ASK alice@example.org 3
ANSWER unknown overloaded retry=1 times=3
SEARCHES corp 0
MOOD corp answers
ASK alice@example.org
ANSWER found fresh layer=directory
SEARCHES corp 1

STORY an older answer serves at once instead
SET cache.ttl "1h"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
MOOD corp overloaded
TIME_PASSES 2h
ASK alice@example.org
ANSWER found stale layer=memory
SEARCHES corp 1
MOOD corp answers
ASK alice@example.org
ANSWER found fresh layer=directory

STORY what another gateway has needs no directory
SET redis.seal-key-file "seal.key"
REDIS
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
GATEWAY 2
START
MOOD corp overloaded
ASK alice@example.org
ANSWER found fresh layer=redis

STORY one of two is overloaded: what the other one has is found, and partial
SET cache.limitttl "1m"
DIRECTORY corp example.org
DIRECTORY branch example.org
START
HAS corp alice@example.org good
HAS branch alice@example.org good2
MOOD branch overloaded
ASK alice@example.org
ANSWER found partial life<=1m usable=1
ASK bob@example.org
ANSWER unknown overloaded
MOOD branch answers
HAS branch bob@example.org good
ASK bob@example.org
ANSWER found whole

STORY a renewal that is refused leaves what there is
SET cache.ttl "1h"
SET cache.ttr "5m"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
MOOD corp overloaded
ASK_LATE alice@example.org
ANSWER found fresh layer=memory
COUNTED renewals_failed 1
MOOD corp answers
TIME_PASSES 5s
ASK alice@example.org 2
ANSWER found fresh layer=memory times=2
SEARCHES corp 2

STORY more flights than there may be are refused at once, and leave room when they end
SET lookup.flights 3
DIRECTORY corp example.org
START
MOOD corp hangs
ASK a@example.org 100
ASK b@example.org
ASK c@example.org
ASK d@example.org
ANSWER unknown overloaded retry=1
NO_ANSWER
ASK a@example.org
NO_ANSWER
TIME_PASSES 5s
ANSWER unknown deadline times=103
MOOD corp answers
HAS corp d@example.org good
ASK d@example.org
ANSWER found
