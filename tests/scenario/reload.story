# A reload never mixes two worlds.

STORY a reload that changes nothing keeps the memory
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
RELOAD
ASK alice@example.org
ANSWER found layer=memory
SEARCHES corp 1

STORY a new CRL takes the certificate away at once, without the directory
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
REVOKE alice@example.org
RELOAD
ASK alice@example.org
ANSWER none revoked layer=memory
SEARCHES corp 1

STORY the same through Redis, where another gateway's policy judged
SET redis.seal-key-file "seal.key"
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good good2
ASK alice@example.org
ANSWER found layer=directory usable=2
REVOKE alice@example.org
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=redis usable=1 refused=1 chain=2
SEARCHES corp 1

STORY a revoked certificate is not served stale
SET cache.ttl "1h"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
REVOKE alice@example.org
RELOAD
MOOD corp down
TIME_PASSES 2h
ASK alice@example.org
ANSWER unknown directory_unavailable

STORY another set of directories does not inherit the values of the one before
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
DIRECTORY branch example.org
HAS branch alice@example.org good2
RELOAD
ASK alice@example.org
ANSWER found layer=directory usable=2
SEARCHES branch 1

STORY a lookup finishes in the world that it began in
SET lookup.deadline "5s"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
MOOD corp hangs
ASK alice@example.org
REVOKE alice@example.org
RELOAD
MOOD corp answers
ASK alice@example.org
ANSWER none revoked
TIME_PASSES 5s
ANSWER unknown deadline
ASK alice@example.org
ANSWER none revoked layer=memory

STORY a configuration with a fault leaves everything as it is
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
SET cache.ttl "soon"
RELOAD refused
ASK alice@example.org
ANSWER found layer=memory

STORY a directory that was repaired by a reload is asked at once
DIRECTORY corp example.org
START
HAS corp alice@example.org good
MOOD corp down
ASK alice@example.org
ANSWER unknown directory_unavailable
MOOD corp answers
SET trust.min-rsa-bits 3072
RELOAD
ASK alice@example.org
ANSWER found layer=directory

STORY a directory that a reload took away does not vouch when the others fail
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
DIRECTORY branch example.org
MOOD branch down
MOOD corp down
RELOAD
ASK alice@example.org
ANSWER unknown directory_unavailable

STORY a lookup of the world before does not take the place of what this world found
SET lookup.deadline "5s"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
VALIDATORS hang
ASK alice@example.org
REVOKE alice@example.org
RELOAD
VALIDATORS work_newest_first
ASK alice@example.org
ANSWER none revoked
ANSWER found
ASK alice@example.org
ANSWER none revoked layer=memory
SEARCHES corp 2
