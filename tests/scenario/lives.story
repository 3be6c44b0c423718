# How long answers live.

STORY a found answer is served from memory for its life and asked for again after it
SET cache.ttl "1h"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found usable=1 layer=directory fresh whole life<=1h
TIME_PASSES 50m
ASK alice@example.org
ANSWER found layer=memory fresh
SEARCHES corp 1
TIME_PASSES 11m
ASK alice@example.org
ANSWER found layer=directory fresh
SEARCHES corp 2

STORY none lives shorter than found
SET cache.ttl "1h"
SET cache.negttl "5m"
DIRECTORY corp example.org
START
ASK nobody@example.org
ANSWER none no_entry layer=directory life<=5m
TIME_PASSES 4m
ASK nobody@example.org
ANSWER none no_entry layer=memory
TIME_PASSES 2m
HAS corp nobody@example.org good
ASK nobody@example.org
ANSWER found layer=directory
SEARCHES corp 2

STORY an entry without certificates is none for that reason
DIRECTORY corp example.org
START
HAS corp alice@example.org -
ASK alice@example.org
ANSWER none no_certificate

STORY a life never reaches beyond notAfter
SET cache.ttl "2d"
DIRECTORY corp example.org
START
HAS corp alice@example.org short
ASK alice@example.org
ANSWER found life<=1d
TIME_PASSES 23h
ASK alice@example.org
ANSWER found layer=memory
TIME_PASSES 62m
ASK alice@example.org
ANSWER none expired layer=directory
SEARCHES corp 2

STORY an expired certificate is not served stale either
SET cache.ttl "2d"
SET cache.stale "2d"
DIRECTORY corp example.org
START
HAS corp alice@example.org short
ASK alice@example.org
ANSWER found
MOOD corp down
TIME_PASSES 25h
ASK alice@example.org
ANSWER unknown directory_unavailable

STORY a life never reaches beyond the nextUpdate of its CRL
SET cache.ttl "20d"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found life<=10d

STORY when every CRL is out of date, require makes the outcome unknown, and a new CRL heals it
SET cache.ttl "1h"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
TIME_PASSES 11d
ASK alice@example.org
ANSWER unknown revocation_unknown refused=1

STORY a partial answer lives for limitttl
SET cache.ttl "1h"
SET cache.limitttl "1m"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
MOOD corp cuts
ASK alice@example.org
ANSWER found partial life<=1m

STORY one directory down beside one that has it is found, partial, and short
SET cache.limitttl "1m"
DIRECTORY corp example.org
DIRECTORY branch example.org
START
HAS corp alice@example.org good
MOOD branch down
ASK alice@example.org
ANSWER found partial life<=1m
SEARCHES corp 1
SEARCHES branch 1

STORY a directory that does not serve the domain is not asked
DIRECTORY corp example.org
DIRECTORY partner partner.example
START
HAS corp alice@example.org good
HAS partner alice@example.org good2
ASK alice@example.org
ANSWER found usable=1 whole
SEARCHES partner 0
ASK someone@elsewhere.example
ANSWER none no_directory
