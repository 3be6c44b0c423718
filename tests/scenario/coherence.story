# Several gateways over one Redis: what one of them dropped, or replaced, none of them serves.

STORY while Redis tells of changes, memory serves without asking it
SET redis.seal-key-file "seal.key"
SET cache.memory-ttl "1s"
SET redis.unconfirmed "1s"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
TIME_PASSES 30m
ASK alice@example.org
ANSWER found fresh layer=memory
REDIS_GETS 1

STORY what one gateway drops, all drop
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
HAS corp bob@example.org good
ASK alice@example.org
ANSWER found layer=directory
ASK bob@example.org
ANSWER found layer=directory
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=redis
ASK bob@example.org
ANSWER found layer=redis
HAS corp alice@example.org expired
DROP alice@example.org
TIME_PASSES 1s
GATEWAY 1
ASK alice@example.org
ANSWER none expired layer=directory
ASK bob@example.org
ANSWER found layer=memory
GATEWAY 2
ASK alice@example.org
ANSWER none expired layer=redis
ASK bob@example.org
ANSWER found layer=memory

STORY also what is no longer in Redis
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
GATEWAY 2
START
REDIS-IS forgotten
HAS corp alice@example.org expired
DROP alice@example.org
GATEWAY 1
ASK alice@example.org
ANSWER none expired layer=directory

STORY what another gateway found anew takes the place of what memory has
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=redis
REDIS-IS touched
GATEWAY 1
ASK alice@example.org
ANSWER found layer=redis
ASK alice@example.org
ANSWER found layer=memory
GATEWAY 2
ASK alice@example.org
ANSWER found layer=redis
SEARCHES corp 1

STORY the evidence that another gateway fetched changes nothing
SET trust.crls [ "root-crl.pem" ]
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
CRL http://crl.example/issuing.crl 10
START
HAS corp bob@example.org good
HAS corp alice@example.org listed
ASK alice@example.org
ANSWER found good layer=directory
GATEWAY 2
START
ASK alice@example.org
ANSWER found good layer=redis
REDIS-IS evidence_forgotten
GATEWAY 3
START
HAS corp carol@example.org listed
ASK carol@example.org
ANSWER found good layer=directory
GATEWAY 2
ASK alice@example.org
ANSWER found good layer=memory

STORY a dropped domain, of which nobody holds the records
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org other.example
REDIS
START
HAS corp alice@example.org good
HAS corp carol@other.example good
ASK alice@example.org
ANSWER found layer=directory
ASK carol@other.example
ANSWER found layer=directory
GATEWAY 2
START
DROP example.org
GATEWAY 1
DRAIN
HAS corp alice@example.org expired
GATEWAY 3
START
ASK alice@example.org
ANSWER none expired layer=directory
ASK carol@other.example
ANSWER found layer=redis
TIME_PASSES 1s
HAS corp alice@example.org good
DROP all
GATEWAY 4
START
ASK carol@other.example
ANSWER found layer=directory
ASK alice@example.org
ANSWER found layer=directory

STORY a dropped domain is swept out of every memory
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org other.example
REDIS
START
HAS corp alice@example.org good
HAS corp carol@other.example good
ASK alice@example.org
ANSWER found layer=directory
ASK carol@other.example
ANSWER found layer=directory
GATEWAY 2
START
TIME_PASSES 1s
HAS corp alice@example.org expired
DROP example.org
TIME_PASSES 1s
GATEWAY 1
ASK carol@other.example
ANSWER found layer=memory
ASK alice@example.org
ANSWER none expired layer=directory
GATEWAY 2
ASK alice@example.org
ANSWER none expired layer=redis

STORY an open flight does not store what was dropped elsewhere
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
GATEWAY 2
START
HAS corp alice@example.org good
VALIDATORS hang
GATEWAY 1
ASK alice@example.org
GATEWAY 2
DROP alice@example.org
HAS corp alice@example.org expired
VALIDATORS work
ANSWER found layer=directory
REDIS_SETS 0
TIME_PASSES 1s
GATEWAY 1
ASK alice@example.org
ANSWER none expired layer=directory
GATEWAY 2
ASK alice@example.org
ANSWER none expired layer=redis

STORY nor does it when another gateway came to an answer meanwhile
SET redis.seal-key-file "seal.key"
SET cache.ttl "1h"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
TIME_PASSES 2h
VALIDATORS hang
ASK alice@example.org
REDIS-IS touched
VALIDATORS work
ANSWER found layer=directory
REDIS_SETS 1
ASK alice@example.org
ANSWER found layer=directory
REDIS_SETS 2

STORY and nobody joins it then
SET redis.seal-key-file "seal.key"
SET cache.ttl "1h"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
TIME_PASSES 2h
VALIDATORS hang
ASK alice@example.org
ASK alice@example.org
SEARCHES corp 2
REDIS-IS touched
HAS corp alice@example.org expired
ASK alice@example.org
SEARCHES corp 3
VALIDATORS work
ANSWER found layer=directory
ANSWER found layer=directory
ANSWER none expired layer=directory

STORY after a loss, each answer is confirmed by one GET
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
HAS corp bob@example.org good
ASK alice@example.org
ANSWER found layer=directory
ASK bob@example.org
ANSWER found layer=directory
REDIS_GETS 2
REDIS-IS not_tracking
REDIS-IS tracking
ASK alice@example.org
ANSWER found layer=redis
REDIS_GETS 3
ASK alice@example.org
ANSWER found layer=memory
ASK bob@example.org
ANSWER found layer=redis
REDIS_GETS 4
SEARCHES corp 2

STORY a flushed Redis has everything asked for anew
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
REDIS-IS flushed
HAS corp alice@example.org expired
ASK alice@example.org
ANSWER none expired layer=directory

STORY when the directory is down too, what cannot be confirmed serves as stale
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
REDIS-IS flushed
MOOD corp down
ASK alice@example.org
ANSWER found doubtful layer=memory

STORY while Redis is away, memory serves for as long as it may go unconfirmed
SET redis.seal-key-file "seal.key"
SET redis.unconfirmed "20s"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
TIME_PASSES 10m
REDIS-IS down
TIME_PASSES 19s
ASK alice@example.org
ANSWER found fresh layer=memory
TIME_PASSES 1s
ASK alice@example.org
ANSWER found fresh layer=directory
TIME_PASSES 19s
ASK alice@example.org
ANSWER found fresh layer=memory
MOOD corp down
TIME_PASSES 1s
ASK alice@example.org
ANSWER found doubtful layer=memory

STORY nothing at all goes unconfirmed where none may
SET redis.seal-key-file "seal.key"
SET redis.unconfirmed "0"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
ASK alice@example.org
ANSWER found layer=memory
REDIS-IS down
ASK alice@example.org
ANSWER found layer=directory
ASK alice@example.org
ANSWER found layer=directory

STORY what was found while Redis was away is confirmed there, too
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
REDIS-IS up
ASK alice@example.org
ANSWER found layer=directory
ASK alice@example.org
ANSWER found layer=memory
REDIS_SETS 1

STORY a flight from before Redis came does not store there
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
REDIS-IS down
START
HAS corp alice@example.org good
VALIDATORS hang
ASK alice@example.org
REDIS-IS up
VALIDATORS work
ANSWER found layer=directory
REDIS_SETS 0
ASK alice@example.org
ANSWER found layer=directory
REDIS_SETS 1

STORY nor where nothing tells of changes
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
REDIS-IS not_tracking
REDIS-IS down
START
HAS corp alice@example.org good
VALIDATORS hang
ASK alice@example.org
REDIS-IS up
VALIDATORS work
ANSWER found layer=directory
REDIS_SETS 0
ASK alice@example.org
ANSWER found layer=directory
REDIS_SETS 1

STORY what found no place among the commands is told when there is one
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org other.example
REDIS
START
HAS corp alice@example.org good
HAS corp carol@other.example good
ASK alice@example.org
ANSWER found layer=directory
ASK carol@other.example
ANSWER found layer=directory
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=redis
TIME_PASSES 1s
REDIS-IS full
HAS corp alice@example.org expired
DROP alice@example.org
DROP other.example
GATEWAY 1
ASK alice@example.org
ANSWER found layer=memory
TIME_PASSES 5s
REDIS-IS free
TIME_PASSES 2s
ASK alice@example.org
ANSWER none expired layer=directory
HAS corp carol@other.example expired
GATEWAY 2
DRAIN
GATEWAY 3
START
ASK carol@other.example
ANSWER none expired layer=directory

STORY one that is too busy to be asked has not said that it has none
SET redis.seal-key-file "seal.key"
SET cache.ttl "1h"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
TIME_PASSES 2h
MOOD corp late
REDIS-IS full
ASK alice@example.org
NO_ANSWER
TIME_PASSES 2s
ANSWER found stale layer=memory
MOOD corp answers
REDIS-IS free

STORY what was dropped while Redis was away is dropped when it is back
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=redis
GATEWAY 3
START
ASK alice@example.org
ANSWER found layer=redis
REDIS-IS down
HAS corp alice@example.org expired
DROP alice@example.org
GATEWAY 1
ASK alice@example.org
ANSWER found fresh layer=memory
TIME_PASSES 1s
REDIS-IS up
ASK alice@example.org
ANSWER none expired layer=directory
GATEWAY 2
ASK alice@example.org
ANSWER none expired layer=redis

STORY one that is back before the other who dropped hears it then
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
GATEWAY 2
START
CUT yes
HAS corp alice@example.org expired
DROP alice@example.org
GATEWAY 1
REDIS-IS down
REDIS-IS up
ASK alice@example.org
ANSWER found layer=redis
GATEWAY 2
CUT no
GATEWAY 1
ASK alice@example.org
ANSWER none expired layer=directory

STORY a domain dropped while cut off is told to all
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
GATEWAY 2
START
CUT yes
TIME_PASSES 5s
HAS corp alice@example.org expired
DROP example.org
TIME_PASSES 5s
CUT no
GATEWAY 1
ASK alice@example.org
ANSWER none expired layer=directory
GATEWAY 3
START
ASK alice@example.org
ANSWER none expired layer=redis

STORY Redis comes back with what it had before a drop
SET redis.seal-key-file "seal.key"
SET cache.ttl "10h"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
HAS corp bob@example.org good
ASK alice@example.org
ANSWER found layer=directory
ASK bob@example.org
ANSWER found layer=directory
TIME_PASSES 2s
REDIS-IS saved
GATEWAY 2
START
TIME_PASSES 2s
HAS corp alice@example.org expired
DROP alice@example.org
TIME_PASSES 2h
REDIS-IS down
REDIS-IS restored
REDIS-IS up
GATEWAY 3
START
ASK alice@example.org
ANSWER none expired layer=directory
ASK bob@example.org
ANSWER found layer=redis
GATEWAY 1
ASK alice@example.org
ANSWER none expired layer=redis

STORY whoever has heard of a drop protects Redis, when the one who dropped is gone
SET redis.seal-key-file "seal.key"
SET cache.ttl "10h"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
TIME_PASSES 2s
REDIS-IS saved
GATEWAY 2
START
TIME_PASSES 2s
DROP alice@example.org
TIME_PASSES 2s
CUT yes
DRAIN
HAS corp alice@example.org expired
REDIS-IS down
REDIS-IS restored
REDIS-IS up
GATEWAY 3
START
ASK alice@example.org
ANSWER none expired layer=directory

STORY one who only knows that there were drops has all records of then dropped
SET redis.seal-key-file "seal.key"
SET cache.ttl "10h"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
TIME_PASSES 2s
REDIS-IS saved
TIME_PASSES 2s
DROP alice@example.org
TIME_PASSES 2s
GATEWAY 2
START
GATEWAY 1
CUT yes
HAS corp alice@example.org expired
REDIS-IS down
REDIS-IS restored
REDIS-IS up
GATEWAY 3
START
ASK alice@example.org
ANSWER none expired layer=directory

STORY a gateway whose clock was far ahead does not end all caching
SET redis.seal-key-file "seal.key"
SET cache.ttl "10h"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
TIME_PASSES 2s
REDIS-IS saved
GATEWAY 2
START
GATEWAY 1
CUT yes
GATEWAY 2
CLOCK_AHEAD 2d
DROP bob@example.org
TIME_PASSES 2s
CLOCK_AHEAD 0s
GATEWAY 1
CUT no
TIME_PASSES 2s
GATEWAY 2
DRAIN
REDIS-IS down
REDIS-IS restored
REDIS-IS up
GATEWAY 1
TIME_PASSES 2s
ASK alice@example.org
ANSWER found layer=directory
ASK alice@example.org
ANSWER found layer=memory

STORY nor does one whose clock is a little ahead end it for as long
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
CUT yes
GATEWAY 2
START
CLOCK_AHEAD 50m
DROP all
CLOCK_AHEAD 0s
HAS corp alice@example.org expired
GATEWAY 1
CUT no
ASK alice@example.org
ANSWER none expired layer=directory
HAS corp alice@example.org good
DROP alice@example.org
TIME_PASSES 1s
ASK alice@example.org
ANSWER found layer=directory
ASK alice@example.org
ANSWER found layer=memory

STORY a drop of now is heard of, though one of a clock that was ahead came before
SET redis.seal-key-file "seal.key"
SET cache.memory-ttl "1h"
DIRECTORY corp example.org
REDIS
REDIS-IS not_tracking
START
GATEWAY 2
START
CLOCK_AHEAD 30m
DROP all
CLOCK_AHEAD 0s
GATEWAY 1
TIME_PASSES 11s
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
HAS corp alice@example.org expired
GATEWAY 2
DROP example.org
GATEWAY 1
TIME_PASSES 11s
ASK alice@example.org
ANSWER none expired layer=directory
HAS corp alice@example.org good
GATEWAY 2
DROP all
GATEWAY 1
TIME_PASSES 11s
ASK alice@example.org
ANSWER found layer=directory

STORY what was dropped and could not be read is read again
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
CUT yes
GATEWAY 2
START
TIME_PASSES 1s
HAS corp alice@example.org expired
DROP example.org
GATEWAY 1
REDIS-IS unreadable
CUT no
TIME_PASSES 5s
REDIS-IS readable
TIME_PASSES 1s
ASK alice@example.org
ANSWER none expired layer=directory

STORY what another one told is not told again
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
GATEWAY 2
START
HAS corp alice@example.org good
DROP alice@example.org
TIME_PASSES 1s
ASK alice@example.org
ANSWER found layer=directory
GATEWAY 1
CUT yes
CUT no
GATEWAY 2
ASK alice@example.org
ANSWER found layer=memory
GATEWAY 1
ASK alice@example.org
ANSWER found layer=redis

STORY a Redis that comes back empty costs a search each, and drops nothing
SET redis.seal-key-file "seal.key"
SET cache.ttl "10h"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
HAS corp bob@example.org good
DROP bob@example.org
TIME_PASSES 2s
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=directory
REDIS-IS down
REDIS-IS forgotten
REDIS-IS up
MOOD corp down
ASK alice@example.org
ANSWER found doubtful layer=memory

STORY drops are heard by those who still have the seal key before
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
HAS corp bob@example.org good
ASK alice@example.org
ANSWER found layer=directory
ASK bob@example.org
ANSWER found layer=directory
SET redis.seal-key-file "seal2.key"
SET redis.old-seal-key-file "seal.key"
GATEWAY 2
START
ASK bob@example.org
ANSWER found layer=redis
HAS corp alice@example.org expired
HAS corp bob@example.org expired
DROP alice@example.org
GATEWAY 1
ASK alice@example.org
ANSWER none expired layer=directory
DROP bob@example.org
GATEWAY 2
ASK bob@example.org
ANSWER none expired layer=directory
TIME_PASSES 2s
DROP example.org
HAS corp alice@example.org good
TIME_PASSES 1s
GATEWAY 1
ASK alice@example.org
ANSWER found layer=directory

STORY gateways with other seal keys do not hear each other, and are not troubled
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
SET redis.seal-key-file "seal2.key"
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=directory
DROP example.org
TIME_PASSES 1m
GATEWAY 1
ASK alice@example.org
ANSWER found layer=memory

STORY a reload with another prefix begins anew
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
SET redis.prefix "other:"
RELOAD
ASK alice@example.org
ANSWER found layer=directory
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=redis
HAS corp alice@example.org expired
DROP alice@example.org
GATEWAY 1
ASK alice@example.org
ANSWER none expired layer=directory
SEARCHES corp 3

STORY where Redis tells of no changes, a dropped domain is seen all the same
SET redis.seal-key-file "seal.key"
SET cache.memory-ttl "20s"
DIRECTORY corp example.org
REDIS
REDIS-IS not_tracking
START
HAS corp alice@example.org good
HAS corp bob@example.org good
ASK alice@example.org
ANSWER found layer=directory
ASK bob@example.org
ANSWER found layer=directory
GATEWAY 2
START
TIME_PASSES 1s
HAS corp alice@example.org expired
HAS corp bob@example.org expired
DROP alice@example.org
GATEWAY 1
TIME_PASSES 20s
ASK alice@example.org
ANSWER none expired layer=directory
GATEWAY 2
DROP example.org
GATEWAY 1
TIME_PASSES 11s
ASK bob@example.org
ANSWER none expired layer=directory

STORY a lookup that nobody told of a drop, and that ends after it, brings nothing of before
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
REDIS-IS not_tracking
START
HAS corp alice@example.org good
MOOD corp late
ASK alice@example.org
GATEWAY 2
START
TIME_PASSES 1s
DROP example.org
TIME_PASSES 1s
MOOD corp answers
ANSWER found layer=directory
REDIS_SETS 1
HAS corp alice@example.org expired
ASK alice@example.org
ANSWER none expired layer=directory

STORY what is said of drops is sealed
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
DROP example.org
DROP alice@example.org
TIME_PASSES 2s
SECRET example
SECRET alice

STORY a record of drops that somebody altered is written again
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
TIME_PASSES 1s
REDIS-IS saved
DROP example.org
TIME_PASSES 1s
REDIS-IS restored
REDIS-IS tampered
REDIS-IS touched
TIME_PASSES 2s
REDIS-IS saved
GATEWAY 2
START
HAS corp alice@example.org expired
ASK alice@example.org
ANSWER none expired layer=directory
