# What Redis is trusted with: to make us faster, never wrong.

STORY gateways that share a seal key share their answers
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good good2 expired
ASK alice@example.org
ANSWER found layer=directory usable=2 refused=1 chain=2
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=redis usable=2 refused=1 chain=2
ASK alice@example.org
ANSWER found layer=memory usable=2 chain=2
SEARCHES corp 1
REDIS_SETS 1
SECRET alice
SECRET example.org

STORY a record of another policy has no chain, and is never served as it stands: not when all else fails, either
SET redis.seal-key-file "seal.key"
SET cache.ttl "1h"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory chain=2
GATEWAY 2
SET trust.revocation "off"
START
MOOD corp hangs
TIME_PASSES 2h
ASK alice@example.org
TIME_PASSES 5s
ANSWER found stale chain=2

STORY none is shared too
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
ASK nobody@example.org
ANSWER none no_entry
GATEWAY 2
START
ASK nobody@example.org
ANSWER none no_entry layer=redis
SEARCHES corp 1

STORY unknown is never stored
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
MOOD corp down
ASK alice@example.org
ANSWER unknown directory_unavailable
REDIS_SETS 0

STORY where Redis tells of no changes, memory asks again after memory-ttl
SET redis.seal-key-file "seal.key"
SET cache.memory-ttl "60s"
DIRECTORY corp example.org
REDIS
REDIS-IS not_tracking
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
TIME_PASSES 59s
ASK alice@example.org
ANSWER found layer=memory
REDIS_GETS 1
TIME_PASSES 1s
ASK alice@example.org
ANSWER found layer=redis
REDIS_GETS 2
ASK alice@example.org
ANSWER found layer=memory
SEARCHES corp 1

STORY where Redis tells of no changes, what somebody deleted there is asked for again
SET redis.seal-key-file "seal.key"
SET cache.memory-ttl "60s"
DIRECTORY corp example.org
REDIS
REDIS-IS not_tracking
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
REDIS-IS forgotten
HAS corp alice@example.org expired
TIME_PASSES 61s
ASK alice@example.org
ANSWER none expired layer=directory

STORY an altered record is as good as absent
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
REDIS-IS tampered
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=directory
SEARCHES corp 2

STORY a record under another address's key is as good as absent
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
HAS corp mallory@example.org good
ASK alice@example.org
ANSWER found
ASK mallory@example.org
ANSWER found
REDIS-IS swapped
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=directory usable=1
ASK mallory@example.org
ANSWER found layer=directory usable=1
SEARCHES corp 4

STORY Redis down is slower, not wrong
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
REDIS-IS down
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
ASK alice@example.org
ANSWER found layer=memory
TIME_PASSES 2m
ASK alice@example.org
ANSWER found layer=directory
SEARCHES corp 2

STORY Redis and directory down: what memory holds goes on
SET redis.seal-key-file "seal.key"
SET cache.ttl "1h"
SET cache.stale "1d"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
REDIS-IS down
MOOD corp down
TIME_PASSES 59s
ASK alice@example.org
ANSWER found fresh layer=memory
TIME_PASSES 1m
ASK alice@example.org
ANSWER found doubtful layer=memory
TIME_PASSES 2h
ASK alice@example.org
ANSWER found stale

STORY an expired record of Redis serves stale while the directory is down
SET redis.seal-key-file "seal.key"
SET cache.ttl "1h"
SET cache.stale "1d"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
TIME_PASSES 2h
MOOD corp down
GATEWAY 2
START
ASK alice@example.org
ANSWER found stale
ASK alice@example.org
ANSWER found stale
SEARCHES corp 2

STORY the seal key is changed without asking the directory again
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
SET redis.seal-key-file "seal2.key"
SET redis.old-seal-key-file "seal.key"
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=redis
SEARCHES corp 1

STORY what another gateway stored meanwhile ends the rest of a failing lookup
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
MOOD corp down
ASK alice@example.org
ANSWER unknown directory_unavailable
GATEWAY 2
START
MOOD corp answers
ASK alice@example.org
ANSWER found layer=directory
GATEWAY 1
ASK alice@example.org
ANSWER found layer=redis
