# What is dropped does not come back.

STORY a dropped address is asked for again
DIRECTORY corp example.org
START
HAS corp alice@example.org good
HAS corp bob@example.org good
ASK alice@example.org
ANSWER found layer=directory
ASK bob@example.org
ANSWER found layer=directory
HAS corp alice@example.org expired
ASK alice@example.org
ANSWER found layer=memory
DROP alice@example.org
ASK alice@example.org
ANSWER none expired layer=directory
ASK bob@example.org
ANSWER found layer=memory

STORY a dropped domain is that one alone
DIRECTORY corp example.org sub.example.org
START
HAS corp alice@example.org good
HAS corp bob@sub.example.org good
ASK alice@example.org
ANSWER found layer=directory
ASK bob@sub.example.org
ANSWER found layer=directory
DROP example.org
ASK alice@example.org
ANSWER found layer=directory
ASK bob@sub.example.org
ANSWER found layer=memory

STORY everything is dropped, and what comes after is kept
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
DROP all
TIME_PASSES 1s
ASK alice@example.org
ANSWER found layer=directory
ASK alice@example.org
ANSWER found layer=memory

STORY what comes within the same second is looked up once more, and no oftener
DIRECTORY corp example.org
START
HAS corp alice@example.org good
DROP all
ASK alice@example.org
ANSWER found layer=directory
TIME_PASSES 1s
ASK alice@example.org
ANSWER found layer=directory
ASK alice@example.org
ANSWER found layer=memory
SEARCHES corp 2

STORY a flight that began before a drop is not stored, and nobody joins it
DIRECTORY corp example.org
START
HAS corp alice@example.org good
VALIDATORS hang
ASK alice@example.org
DROP alice@example.org
HAS corp alice@example.org expired
ASK alice@example.org
NO_ANSWER
SEARCHES corp 2
VALIDATORS work
ANSWER found layer=directory
ANSWER none expired layer=directory
ASK alice@example.org
ANSWER none expired layer=memory

STORY whichever of the two ends last
DIRECTORY corp example.org
START
HAS corp alice@example.org good
VALIDATORS hang
ASK alice@example.org
DROP alice@example.org
HAS corp alice@example.org expired
ASK alice@example.org
VALIDATORS work_newest_first
TIME_PASSES 1ms
ANSWER none expired layer=directory
ANSWER found layer=directory
ASK alice@example.org
ANSWER none expired layer=memory

STORY no flight for a domain or for all that was dropped is stored
DIRECTORY corp example.org
START
HAS corp alice@example.org good
HAS corp bob@example.org good
VALIDATORS hang
ASK alice@example.org
DROP example.org
ASK bob@example.org
DROP all
VALIDATORS work
ANSWER found
ANSWER found
TIME_PASSES 1s
ASK alice@example.org
ANSWER found layer=directory
ASK bob@example.org
ANSWER found layer=directory

STORY what was dropped does not serve while its directory is down
SET cache.ttl "1h"
SET cache.stale "1d"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
TIME_PASSES 2h
MOOD corp down
DROP alice@example.org
ASK alice@example.org
ANSWER unknown directory_unavailable

STORY what was dropped while its directory hangs does not serve after all
SET cache.ttl "1h"
SET cache.stale "1d"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
TIME_PASSES 2h
MOOD corp hangs
ASK alice@example.org
DROP alice@example.org
TIME_PASSES 1m
ANSWER unknown

STORY a record of before is as good as absent
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
HAS corp alice@example.org expired
DROP example.org
ASK alice@example.org
ANSWER none expired layer=directory

STORY what is not swept out yet does not come back
SET cache.ttl "1h"
SET cache.stale "1d"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
TIME_PASSES 2h
MOOD corp hangs
VALIDATORS hang
DROP example.org
ASK alice@example.org
VALIDATORS work
TIME_PASSES 1m
ANSWER unknown

STORY nor what all that was dropped left behind
SET cache.ttl "1h"
SET cache.stale "1d"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
TIME_PASSES 2h
MOOD corp down
VALIDATORS hang
DROP all
ASK alice@example.org
VALIDATORS work
ANSWER unknown directory_unavailable
MOOD corp answers
TIME_PASSES 1m
ASK alice@example.org
ANSWER found layer=directory
TIME_PASSES 2h
MOOD corp down
ASK alice@example.org
ANSWER found stale
