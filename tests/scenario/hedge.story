# While Redis has nothing, it and the directories are asked at the same time.

STORY after misses in a row both are asked at once, and a record ends that
DIRECTORY corp example.org
REDIS
SET redis.seal-key-file "seal.key"
ENGINE hedges 2
START
HAS corp alice@example.org good
HAS corp bob@example.org good
HAS corp carol@example.org good
HAS corp dave@example.org good
HAS corp erin@example.org good
GATEWAY 2
START
ASK dave@example.org
ANSWER found layer=directory
GATEWAY 1
ASK alice@example.org
ANSWER found layer=directory
COUNTED hedged 0
REDIS-IS late
ASK bob@example.org
NO_ANSWER
SEARCHES corp 2
REDIS-IS prompt
ANSWER found layer=directory
SEARCHES corp 3
COUNTED hedged 0
REDIS-IS late
ASK carol@example.org 3
SEARCHES corp 4
NO_ANSWER
REDIS-IS prompt
ANSWER found layer=directory times=3
REDIS_GETS 4
REDIS_SETS 4
COUNTED hedged 1
COUNTED in_vain 0
ASK dave@example.org
ANSWER found layer=redis
SEARCHES corp 5
COUNTED hedged 2
COUNTED in_vain 1
REDIS-IS late
ASK erin@example.org
SEARCHES corp 5
REDIS-IS prompt
ANSWER found layer=directory
COUNTED hedged 2

STORY a record that comes first serves, and what the directory says later is dropped
DIRECTORY corp example.org
REDIS
SET redis.seal-key-file "seal.key"
ENGINE hedges 1
START
HAS corp alice@example.org good
HAS corp bob@example.org good
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=directory
GATEWAY 1
ASK bob@example.org
ANSWER found layer=directory
HAS corp alice@example.org good2
MOOD corp late
ASK alice@example.org
ANSWER found layer=redis
COUNTED in_vain 1
MOOD corp answers
NO_ANSWER
ASK alice@example.org
ANSWER found layer=memory
REDIS_SETS 2

STORY a record that comes after what the directory says serves as well
DIRECTORY corp example.org
REDIS
SET redis.seal-key-file "seal.key"
ENGINE hedges 1
START
HAS corp alice@example.org good
HAS corp bob@example.org good
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=directory
GATEWAY 1
ASK bob@example.org
ANSWER found layer=directory
REDIS-IS late
ASK alice@example.org
SEARCHES corp 3
NO_ANSWER
REDIS-IS prompt
ANSWER found layer=redis
COUNTED in_vain 1

STORY Redis has nothing before the directory answers
DIRECTORY corp example.org
REDIS
ENGINE hedges 1
START
HAS corp alice@example.org good
HAS corp bob@example.org good
ASK bob@example.org
ANSWER found layer=directory
MOOD corp late
ASK alice@example.org
NO_ANSWER
COUNTED hedged 1
MOOD corp answers
ANSWER found layer=directory
SEARCHES corp 2
COUNTED in_vain 0

STORY Redis goes while it is asked
DIRECTORY corp example.org
REDIS
ENGINE hedges 1
START
HAS corp alice@example.org good
HAS corp bob@example.org good
HAS corp carol@example.org good
ASK bob@example.org
ANSWER found layer=directory
REDIS-IS late
ASK alice@example.org
NO_ANSWER
REDIS-IS down
ANSWER found layer=directory
SEARCHES corp 2
COUNTED hedged 1
ASK carol@example.org
ANSWER found layer=directory
COUNTED hedged 1
SEARCHES corp 3

STORY Redis refuses to let us read
DIRECTORY corp example.org
REDIS
ENGINE hedges 1
START
HAS corp alice@example.org good
HAS corp bob@example.org good
ASK bob@example.org
ANSWER found layer=directory
REDIS-IS unreadable
ASK alice@example.org
ANSWER found layer=directory
COUNTED hedged 1
SEARCHES corp 2

STORY what the directory found before a drop is not stored
DIRECTORY corp example.org
REDIS
ENGINE hedges 1
START
HAS corp alice@example.org good
HAS corp bob@example.org good
ASK bob@example.org
ANSWER found layer=directory
REDIS_SETS 1
REDIS-IS late
ASK alice@example.org
SEARCHES corp 2
DROP alice@example.org
REDIS-IS prompt
ANSWER found layer=directory
REDIS_SETS 1
ASK alice@example.org
ANSWER found layer=directory
SEARCHES corp 3

STORY an address that rests is not asked for
DIRECTORY corp example.org
REDIS
ENGINE hedges 1
START
HAS corp bob@example.org good
ASK bob@example.org
ANSWER found layer=directory
MOOD corp down
ASK alice@example.org
ANSWER unknown directory_unavailable
COUNTED hedged 1
SEARCHES corp 2
ASK alice@example.org
ANSWER unknown backing_off
COUNTED hedged 1
SEARCHES corp 2

STORY the directory fails, and Redis has what may serve
DIRECTORY corp example.org
REDIS
SET redis.seal-key-file "seal.key"
ENGINE hedges 1
START
HAS corp alice@example.org good
HAS corp bob@example.org good
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=directory
GATEWAY 1
ASK bob@example.org
ANSWER found layer=directory
MOOD corp down
REDIS-IS late
ASK alice@example.org
NO_ANSWER
REDIS-IS prompt
ANSWER found layer=redis

STORY a record that has expired does not serve where the directory answers
DIRECTORY corp example.org
REDIS
SET redis.seal-key-file "seal.key"
SET cache.ttl "1h"
SET cache.revalidate "0s"
ENGINE hedges 1
START
HAS corp alice@example.org good
HAS corp bob@example.org good
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=directory
TIME_PASSES 2h
GATEWAY 1
ASK bob@example.org
ANSWER found layer=directory
HAS corp alice@example.org good good2
ASK alice@example.org
ANSWER found layer=directory usable=2 fresh
COUNTED in_vain 0
COUNTED hedged 1

STORY a record of another policy is judged again, while the directory's answer waits
DIRECTORY corp example.org
REDIS
SET redis.seal-key-file "seal.key"
ENGINE hedges 1
START
HAS corp alice@example.org good
HAS corp bob@example.org good
GATEWAY 2
SET trust.revocation "prefer"
START
ASK alice@example.org
ANSWER found layer=directory
GATEWAY 1
ASK bob@example.org
ANSWER found layer=directory
VALIDATORS hang
MOOD corp late
ASK alice@example.org
NO_ANSWER
MOOD corp answers
NO_ANSWER
VALIDATORS work
ANSWER found layer=redis
COUNTED in_vain 1
SEARCHES corp 3

STORY the deadline comes before Redis answers
DIRECTORY corp example.org
REDIS
SET lookup.deadline "10s"
ENGINE hedges 1
START
HAS corp alice@example.org good
HAS corp bob@example.org good
ASK bob@example.org
ANSWER found layer=directory
REDIS-IS late
ASK alice@example.org
TIME_PASSES 11s
ANSWER unknown deadline
REDIS-IS prompt
NO_ANSWER

STORY shutting down while both are asked
DIRECTORY corp example.org
REDIS
ENGINE hedges 1
START
HAS corp alice@example.org good
HAS corp bob@example.org good
ASK bob@example.org
ANSWER found layer=directory
REDIS-IS late
MOOD corp late
ASK alice@example.org
DRAIN
ANSWER unknown shutting_down
REDIS-IS prompt
MOOD corp answers
NO_ANSWER

STORY with many flights under way Redis is asked first
DIRECTORY corp example.org
REDIS
ENGINE hedges 1
START
HAS corp alice@example.org good
HAS corp bob@example.org good
HAS corp carol@example.org good
HAS corp dave@example.org good
ASK bob@example.org
ANSWER found layer=directory
REDIS-IS late
ASK alice@example.org
ASK carol@example.org
ASK dave@example.org
SEARCHES corp 3
COUNTED hedged 2
REDIS-IS prompt
ANSWER found layer=directory
ANSWER found layer=directory
ANSWER found layer=directory
SEARCHES corp 4
