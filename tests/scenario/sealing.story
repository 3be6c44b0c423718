# What goes to Redis is sealed when everybody has the answer.

STORY the answer does not wait for its seal
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
VALIDATORS hang
ASK alice@example.org
NO_ANSWER
VALIDATORS work_once
ANSWER found layer=directory
REDIS_SETS 0
ASK alice@example.org
ANSWER found layer=memory
VALIDATORS work
REDIS_SETS 1
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=redis
SEARCHES corp 1

STORY what is dropped while it is sealed does not go to Redis
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
VALIDATORS hang
ASK alice@example.org
VALIDATORS work_once
ANSWER found layer=directory
DROP alice@example.org
VALIDATORS work
REDIS_SETS 0
ASK alice@example.org
ANSWER found layer=directory
REDIS_SETS 1
SEARCHES corp 2

STORY one SET for all who asked
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
VALIDATORS hang
ASK alice@example.org
ASK alice@example.org
ASK alice@example.org
VALIDATORS work
ANSWER found layer=directory
ANSWER found layer=directory
ANSWER found layer=directory
REDIS_GETS 1
REDIS_SETS 1
SEARCHES corp 1

STORY what is being sealed is stored before the end
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
VALIDATORS hang
ASK alice@example.org
VALIDATORS work_once
ANSWER found layer=directory
DRAIN
VALIDATORS work
REDIS_SETS 1

STORY the end comes while an answer is being sealed
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
VALIDATORS hang
ASK alice@example.org
VALIDATORS work_once
ANSWER found layer=directory
