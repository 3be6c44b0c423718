# While Redis has nothing, it and the directories are asked at the same time: first they, and Redis a moment later, or
# with the answer. The whole answer of all directories serves, if it comes first; part of one waits for Redis.

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
MOOD corp late
ASK carol@example.org 3
SEARCHES corp 4
NO_ANSWER
MOOD corp answers
ANSWER found layer=directory times=3
REDIS_GETS 4
REDIS_SETS 4
COUNTED hedged 1
ASK dave@example.org
ANSWER found layer=directory
SEARCHES corp 5
REDIS_GETS 5
COUNTED hedged 2
COUNTED in_vain 0
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
REDIS_GETS 2
NO_ANSWER
TIME_PASSES 1s
REDIS_GETS 3
ANSWER found layer=redis
COUNTED in_vain 1
MOOD corp answers
NO_ANSWER
ASK alice@example.org
ANSWER found layer=memory
REDIS_SETS 2

STORY what the directory says is newer than a record that comes after it
DIRECTORY corp example.org
REDIS
SET redis.seal-key-file "seal.key"
ENGINE hedges 1
START
HAS corp alice@example.org good
HAS corp bob@example.org good
HAS corp carol@example.org good
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=directory
GATEWAY 1
ASK bob@example.org
ANSWER found layer=directory
HAS corp alice@example.org good good2
REDIS-IS late
ASK alice@example.org
SEARCHES corp 3
ANSWER found layer=directory usable=2
REDIS-IS prompt
NO_ANSWER
COUNTED in_vain 0
ASK alice@example.org
ANSWER found layer=memory usable=2
COUNTED hedged 1
REDIS-IS late
ASK carol@example.org
SEARCHES corp 3
REDIS-IS prompt
ANSWER found layer=directory
COUNTED hedged 1

STORY part of an answer waits for what Redis has
DIRECTORY corp example.org
DIRECTORY other example.org
REDIS
SET redis.seal-key-file "seal.key"
ENGINE hedges 1
START
HAS corp alice@example.org good
HAS corp bob@example.org good
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=directory whole
GATEWAY 1
ASK bob@example.org
ANSWER found layer=directory
MOOD other down
REDIS-IS late
ASK alice@example.org
COUNTED hedged 1
NO_ANSWER
REDIS-IS prompt
ANSWER found layer=redis whole
COUNTED in_vain 1

STORY part of an answer serves where Redis has none
DIRECTORY corp example.org
DIRECTORY other example.org
REDIS
ENGINE hedges 1
START
HAS corp alice@example.org good
HAS corp bob@example.org good
ASK bob@example.org
ANSWER found layer=directory
MOOD other down
REDIS-IS late
ASK alice@example.org
COUNTED hedged 1
NO_ANSWER
REDIS-IS prompt
ANSWER found layer=directory partial
COUNTED in_vain 0

STORY the deadline comes while part of an answer waits for Redis
DIRECTORY corp example.org
DIRECTORY other example.org
REDIS
SET lookup.deadline "10s"
ENGINE hedges 1
START
HAS corp alice@example.org good
HAS corp bob@example.org good
ASK bob@example.org
ANSWER found layer=directory
MOOD other down
REDIS-IS late
ASK alice@example.org
COUNTED hedged 1
TIME_PASSES 9s
NO_ANSWER
TIME_PASSES 1s
ANSWER found layer=directory partial
REDIS-IS prompt
NO_ANSWER

STORY what the directory says comes to nothing, and Redis has what may serve
SET trust.crls [ "root-crl.pem" ]
DIRECTORY corp example.org
REDIS
SET redis.seal-key-file "seal.key"
ENGINE hedges 1
START
HAS corp alice@example.org listed
CRL http://crl.example/issuing.crl 10
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=directory
REDIS-IS evidence_forgotten
WEB http://crl.example/issuing.crl down
GATEWAY 1
ASK nobody@example.org
ANSWER none
REDIS-IS late
ASK alice@example.org
COUNTED hedged 1
NO_ANSWER
REDIS-IS prompt
ANSWER found layer=redis fresh
SEARCHES corp 3

STORY what the directory says comes to nothing, and Redis has nothing either
SET trust.crls [ "root-crl.pem" ]
DIRECTORY corp example.org
REDIS
ENGINE hedges 1
START
HAS corp alice@example.org listed
WEB http://crl.example/issuing.crl down
ASK nobody@example.org
ANSWER none
REDIS-IS late
ASK alice@example.org
COUNTED hedged 1
NO_ANSWER
REDIS-IS prompt
ANSWER unknown revocation_unknown
ASK alice@example.org
ANSWER unknown backing_off

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
MOOD corp late
ASK alice@example.org
TIME_PASSES 1s
REDIS-IS down
NO_ANSWER
MOOD corp answers
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
MOOD corp late
ASK alice@example.org
SEARCHES corp 2
DROP alice@example.org
MOOD corp answers
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
TIME_PASSES 1s
NO_ANSWER
MOOD corp answers
NO_ANSWER
VALIDATORS work
ANSWER found layer=redis
COUNTED in_vain 1
SEARCHES corp 3

STORY the deadline comes before either answers
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
MOOD corp hangs
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
MOOD corp late
ASK alice@example.org
ASK carol@example.org
ASK dave@example.org
SEARCHES corp 3
COUNTED hedged 2
MOOD corp answers
REDIS-IS prompt
ANSWER found layer=directory
ANSWER found layer=directory
ANSWER found layer=directory
SEARCHES corp 4

STORY what the directory says waits for a CRL that hangs, and a record comes
SET trust.crls [ "root-crl.pem" ]
DIRECTORY corp example.org
REDIS
SET redis.seal-key-file "seal.key"
ENGINE hedges 1
START
HAS corp alice@example.org listed
CRL http://crl.example/issuing.crl 10
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=directory
REDIS-IS evidence_forgotten
WEB http://crl.example/issuing.crl hangs
GATEWAY 1
ASK nobody@example.org
ANSWER none
ASK alice@example.org
COUNTED hedged 1
SEARCHES corp 3
NO_ANSWER
TIME_PASSES 1s
ANSWER found layer=redis fresh
ASK alice@example.org
ANSWER found layer=memory fresh

STORY while seal keys change, what was found is stored under the new one's name, though Redis is asked under both
DIRECTORY corp example.org
REDIS
SET redis.seal-key-file "seal2.key"
SET redis.old-seal-key-file "seal.key"
ENGINE hedges 1
START
HAS corp alice@example.org good
HAS corp bob@example.org good
ASK bob@example.org
ANSWER found layer=directory
VALIDATORS hang
REDIS-IS late
ASK alice@example.org
COUNTED hedged 1
NO_ANSWER
VALIDATORS work_once
ANSWER found layer=directory
REDIS-IS prompt
REDIS_GETS 4
REDIS_SETS 1
VALIDATORS work
REDIS_SETS 2
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=redis
