# With little else to do the engine judges small certificates itself.

STORY one flight needs no validator
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
ENGINE judges
START
HAS corp alice@example.org good expired
VALIDATORS hang
ASK alice@example.org
ANSWER found layer=directory usable=1 refused=1
REDIS_SETS 1
COUNTED engine_worked 2
ASK alice@example.org
ANSWER found layer=memory
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=redis
SEARCHES corp 1

STORY many values are for a validator
DIRECTORY corp example.org
ENGINE judges
START
HAS corp alice@example.org good good2 expired
VALIDATORS hang
ASK alice@example.org
NO_ANSWER
VALIDATORS work
ANSWER found usable=2 refused=1
COUNTED engine_worked 0

STORY with many flights under way validators judge
DIRECTORY corp example.org
ENGINE judges
START
HAS corp alice@example.org good
HAS corp bob@example.org good
HAS corp carol@example.org good
MOOD corp late
ASK alice@example.org
ASK bob@example.org
ASK carol@example.org
VALIDATORS hang
MOOD corp answers
NO_ANSWER
COUNTED engine_worked 0
VALIDATORS work
ANSWER found layer=directory
ANSWER found layer=directory
ANSWER found layer=directory
COUNTED engine_worked 0

STORY one that took long is the last one for a hundred times as long, ten seconds at most
DIRECTORY corp example.org
ENGINE judges
START
HAS corp alice@example.org good
HAS corp bob@example.org good
HAS corp carol@example.org good
ENGINE slow
VALIDATORS hang
ASK alice@example.org
ANSWER found layer=directory
COUNTED engine_worked 1
ASK bob@example.org
NO_ANSWER
VALIDATORS work
ANSWER found layer=directory
TIME_PASSES 9s
VALIDATORS hang
ASK carol@example.org
NO_ANSWER
VALIDATORS work
ANSWER found layer=directory
COUNTED engine_worked 1
TIME_PASSES 1s
HAS corp dave@example.org good
ASK dave@example.org
ANSWER found layer=directory
COUNTED engine_worked 2

STORY who asks why has a validator
DIRECTORY corp example.org
ENGINE judges
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
COUNTED engine_worked 1
EXPLAIN alice@example.org
ANSWER found explained
COUNTED engine_worked 1

STORY evidence that is lacking is fetched, and the engine judges again
SET trust.crls [ "root-crl.pem" ]
DIRECTORY corp example.org
CRL http://crl.example/issuing.crl 10
ENGINE judges
START
HAS corp alice@example.org listed
VALIDATORS hang
ASK alice@example.org
VALIDATORS work
ANSWER found good
COUNTED engine_worked 2

STORY after a reload the engine judges an older answer again
DIRECTORY corp example.org
ENGINE judges
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
REVOKE alice@example.org
RELOAD
VALIDATORS hang
ASK alice@example.org
ANSWER none revoked layer=memory
SEARCHES corp 1
COUNTED engine_worked 2

STORY what is dropped while the engine judges is not stored
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
ENGINE judges
START
HAS corp alice@example.org good
MOOD corp late
ASK alice@example.org
DROP alice@example.org
MOOD corp answers
ANSWER found layer=directory
REDIS_SETS 0
COUNTED engine_worked 1
