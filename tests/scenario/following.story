# Directories that tell of their changes (RFC 4533).

STORY what a directory says has changed is asked for again, by every gateway
SET redis.seal-key-file "seal.key"
SET directories.sync true
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
HAS corp bob@example.org good
ASK alice@example.org
ANSWER found layer=directory usable=1
ASK bob@example.org
ANSWER found layer=directory
GATEWAY 2
START
ASK alice@example.org
ANSWER found layer=redis
HAS corp alice@example.org good good2
CHANGED corp alice@example.org
TIME_PASSES 1s
ASK alice@example.org
ANSWER found layer=directory usable=2
GATEWAY 1
ASK bob@example.org
ANSWER found layer=memory

STORY a directory that is not to be followed says nothing
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
CHANGED corp alice@example.org
ASK alice@example.org
ANSWER found layer=memory

STORY who has none and gets a certificate is found at once
SET directories.sync true
DIRECTORY corp example.org
START
ASK alice@example.org
ANSWER none no_entry
HAS corp alice@example.org good
CHANGED corp alice@example.org
ASK alice@example.org
ANSWER found layer=directory

STORY after changes were missed all that the directory answers for is asked for again, and nothing else
SET directories.sync true
DIRECTORY corp example.org
DIRECTORY other example.com
START
HAS corp alice@example.org good
HAS other bob@example.com good
ASK alice@example.org
ANSWER found
ASK bob@example.com
ANSWER found
CHANGED corp all
ASK alice@example.org
ANSWER found layer=directory
ASK bob@example.com
ANSWER found layer=memory

STORY below a wildcard everything is
SET directories.sync true
DIRECTORY corp *.example.org
DIRECTORY other example.com
START
HAS corp alice@sub.example.org good
HAS other bob@example.com good
ASK alice@sub.example.org
ANSWER found
ASK bob@example.com
ANSWER found
CHANGED corp all
TIME_PASSES 1s
ASK alice@sub.example.org
ANSWER found layer=directory
ASK bob@example.com
ANSWER found layer=directory

STORY an address of a domain that servers compare in ways of their own
SET directories.sync true
DIRECTORY corp example.org example.com
START
HAS corp alice@example.org good
HAS corp bob@example.com good
ASK alice@example.org
ANSWER found
ASK bob@example.com
ANSWER found
CHANGED corp @example.org
ASK alice@example.org
ANSWER found layer=directory
ASK bob@example.com
ANSWER found layer=memory

STORY when it is followed for the first time memory is swept, and Redis stays
SET redis.seal-key-file "seal.key"
SET directories.sync true
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
CHANGED corp unseen
ASK alice@example.org
ANSWER found layer=redis
SEARCHES corp 1

STORY a lookup that is under way when its address changes is not kept
SET directories.sync true
DIRECTORY corp example.org
START
HAS corp alice@example.org good
MOOD corp hangs
ASK alice@example.org
NO_ANSWER
CHANGED corp alice@example.org
MOOD corp answers
ASK alice@example.org
ANSWER found layer=directory

STORY warm: what was in memory is looked up anew, without anybody asking
SET directories.sync true
SET directories.warm true
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found usable=1
SEARCHES corp 1
HAS corp alice@example.org good good2
CHANGED corp alice@example.org
TIME_PASSES 1s
SEARCHES corp 2
ASK alice@example.org
ANSWER found layer=memory usable=2
CHANGED corp bob@example.org
TIME_PASSES 1s
SEARCHES corp 2

STORY warm: whichever gateway hears of it first
SET redis.seal-key-file "seal.key"
SET directories.sync true
DIRECTORY corp example.org
REDIS
START
SET directories.warm true
GATEWAY 2
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
TIME_PASSES 1s
HAS corp alice@example.org good good2
CHANGED corp alice@example.org
TIME_PASSES 1s
SEARCHES corp 2
ASK alice@example.org
ANSWER found layer=memory usable=2
GATEWAY 1
ASK alice@example.org
ANSWER found layer=redis usable=2

STORY warm: likewise when another one hears of it late
SET redis.seal-key-file "seal.key"
SET directories.sync true
SET directories.warm true
DIRECTORY corp example.org
REDIS
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
GATEWAY 2
START
MOOD corp late
CHANGED corp alice@example.org
TIME_PASSES 1s
SEARCHES corp 2
DROP alice@example.org
MOOD corp answers
TIME_PASSES 1s
SEARCHES corp 3
GATEWAY 1
ASK alice@example.org
ANSWER found layer=memory
GATEWAY 2
DROP alice@example.org
TIME_PASSES 1s
SEARCHES corp 4
GATEWAY 1
ASK alice@example.org
ANSWER found layer=memory
GATEWAY 2
DROP nobody@example.org
TIME_PASSES 1s
SEARCHES corp 4

STORY without warm it waits until somebody asks
SET directories.sync true
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
CHANGED corp alice@example.org
TIME_PASSES 1s
SEARCHES corp 1
