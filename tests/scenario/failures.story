# When directories fail: unknown is never none, is never kept, and rests.

STORY the only directory dead is unknown, not none
DIRECTORY corp example.org
START
HAS corp alice@example.org good
MOOD corp down
ASK alice@example.org
ANSWER unknown directory_unavailable retry=1
ASK alice@example.org
ANSWER unknown backing_off retry=1
SEARCHES corp 1

STORY a success clears what a failing lookup has to rest
SET cache.ttl "10s"
SET cache.stale "0"
DIRECTORY corp example.org
START
MOOD corp down
ASK alice@example.org
ANSWER unknown directory_unavailable retry=1
TIME_PASSES 1s
ASK alice@example.org
ANSWER unknown directory_unavailable retry=2
TIME_PASSES 2s
MOOD corp answers
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
TIME_PASSES 11s
MOOD corp down
ASK alice@example.org
ANSWER unknown directory_unavailable retry=1

STORY a failing lookup rests for 1, 2, 4 … 30 s
SET cache.ttl "1m"
SET cache.stale "0"
DIRECTORY corp example.org
START
MOOD corp down
ASK alice@example.org
ANSWER unknown directory_unavailable retry=1
TIME_PASSES 1s
ASK alice@example.org
ANSWER unknown directory_unavailable retry=2
TIME_PASSES 1s
ASK alice@example.org
ANSWER unknown backing_off retry=1
TIME_PASSES 1s
ASK alice@example.org
ANSWER unknown directory_unavailable retry=4
TIME_PASSES 4s
ASK alice@example.org
ANSWER unknown directory_unavailable retry=8
TIME_PASSES 8s
ASK alice@example.org
ANSWER unknown directory_unavailable retry=16
TIME_PASSES 16s
ASK alice@example.org
ANSWER unknown directory_unavailable retry=30
TIME_PASSES 30s
ASK alice@example.org
ANSWER unknown directory_unavailable retry=30
SEARCHES corp 7

STORY one key that rests does not make another rest
DIRECTORY corp example.org
START
MOOD corp down
ASK alice@example.org
ANSWER unknown directory_unavailable
MOOD corp answers
HAS corp bob@example.org good
ASK bob@example.org
ANSWER found
ASK alice@example.org
ANSWER unknown backing_off

STORY a failure never takes the place of a good answer; it is served stale, then not any longer
SET cache.ttl "1h"
SET cache.stale "1d"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found layer=directory
MOOD corp down
TIME_PASSES 2h
ASK alice@example.org
ANSWER found stale layer=memory usable=1
ASK alice@example.org
ANSWER found stale layer=memory
SEARCHES corp 2
TIME_PASSES 24h
ASK alice@example.org
ANSWER unknown directory_unavailable

STORY none is not served stale
SET cache.negttl "5m"
SET cache.stale "1d"
DIRECTORY corp example.org
START
ASK nobody@example.org
ANSWER none no_entry
MOOD corp down
TIME_PASSES 6m
ASK nobody@example.org
ANSWER unknown directory_unavailable

STORY a directory that hangs costs the deadline and no more
SET lookup.deadline "5s"
DIRECTORY corp example.org
START
MOOD corp hangs
ASK alice@example.org 3
NO_ANSWER
TIME_PASSES 4s
NO_ANSWER
TIME_PASSES 1s
ANSWER unknown deadline retry=1 times=3
SEARCHES corp 1

STORY what came before the deadline is judged and served, although another directory hangs
SET lookup.deadline "5s"
DIRECTORY corp example.org
DIRECTORY branch example.org
START
HAS corp alice@example.org good
MOOD branch hangs
ASK alice@example.org
NO_ANSWER
TIME_PASSES 5s
ANSWER found partial usable=1

STORY a lookup that hangs delays no other
DIRECTORY corp example.org
DIRECTORY partner partner.example
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
MOOD partner hangs
ASK someone@partner.example
ASK alice@example.org
ANSWER found layer=memory
HAS corp bob@example.org good
ASK bob@example.org
ANSWER found layer=directory
TIME_PASSES 10s
ANSWER unknown deadline

STORY a cut-off answer without anything usable is unknown
DIRECTORY corp example.org
START
HAS corp alice@example.org expired
MOOD corp cuts
ASK alice@example.org
ANSWER unknown directory_limit refused=1

STORY everybody who asks at once shares one search and one answer
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org 200
ANSWER found layer=directory times=200
SEARCHES corp 1

STORY spellings of one address share one answer
DIRECTORY corp example.org xn--bcher-kva.example
START
HAS corp alice@example.org good
ASK Alice@Example.ORG
ANSWER found layer=directory
ASK alice@example.org.
ANSWER found layer=memory
SEARCHES corp 1
HAS corp karl@xn--bcher-kva.example good
ASK karl@bücher.example
ANSWER found layer=directory
ASK KARL@BÜCHER.example
ANSWER found layer=memory
SEARCHES corp 2

STORY over the limit of lookups under way: refused at once, the others go on
SET lookup.flights 16
DIRECTORY corp example.org
START
MOOD corp hangs
ASK a1@example.org
ASK a2@example.org
ASK a3@example.org
ASK a4@example.org
ASK a5@example.org
ASK a6@example.org
ASK a7@example.org
ASK a8@example.org
ASK a9@example.org
ASK a10@example.org
ASK a11@example.org
ASK a12@example.org
ASK a13@example.org
ASK a14@example.org
ASK a15@example.org
ASK a16@example.org
NO_ANSWER
ASK b1@example.org
ANSWER unknown overloaded retry=1
TIME_PASSES 10s
ANSWER unknown deadline times=16

STORY draining answers everybody who waits, and nobody new
DIRECTORY corp example.org
START
MOOD corp hangs
ASK alice@example.org 2
NO_ANSWER
DRAIN
ANSWER unknown shutting_down times=2
ASK bob@example.org
ANSWER unknown shutting_down

STORY draining gives those who wait an older answer, where there is one
SET cache.ttl "1h"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
TIME_PASSES 2h
MOOD corp hangs
ASK alice@example.org
NO_ANSWER
DRAIN
ANSWER found stale

STORY a directory that hangs does not take an older answer away
SET cache.ttl "1h"
SET lookup.deadline "5s"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
TIME_PASSES 2h
MOOD corp hangs
ASK alice@example.org
NO_ANSWER
TIME_PASSES 5s
ANSWER found stale layer=memory

STORY a validator that is late costs the grace and no more; what it found is kept
SET lookup.deadline "5s"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
VALIDATORS hang
ASK alice@example.org
TIME_PASSES 5s
NO_ANSWER
TIME_PASSES 400ms
NO_ANSWER
TIME_PASSES 100ms
ANSWER unknown deadline
VALIDATORS work
ASK alice@example.org
ANSWER found layer=memory
SEARCHES corp 1
