# Why: an answer judged once more, for the one who asks.

STORY what is explained is the answer that everybody gets, and goes into no cache
DIRECTORY corp example.org
START
HAS corp alice@example.org good expired
EXPLAIN alice@example.org
ANSWER found usable=1 refused=1 layer=directory fresh explained
SEARCHES corp 1
ASK alice@example.org
ANSWER found usable=1 layer=memory bare
EXPLAIN alice@example.org
ANSWER found usable=1 layer=memory explained
SEARCHES corp 1

STORY none is explained, too
DIRECTORY corp example.org
START
HAS corp alice@example.org expired
EXPLAIN alice@example.org
ANSWER none expired refused=1 explained

STORY where no value came there is nothing to judge
DIRECTORY corp example.org
START
EXPLAIN nobody@example.org
ANSWER none no_entry bare
MOOD corp down
EXPLAIN alice@example.org
ANSWER unknown directory_unavailable bare

STORY what rests is tried again for who wants to know why, and rests as long again
DIRECTORY corp example.org
START
MOOD corp down
ASK alice@example.org
ANSWER unknown directory_unavailable retry=1
TIME_PASSES 1s
ASK alice@example.org
ANSWER unknown directory_unavailable retry=2
ASK alice@example.org
ANSWER unknown backing_off retry=2
EXPLAIN alice@example.org
ANSWER unknown directory_unavailable retry=2
EXPLAIN alice@example.org
ANSWER unknown directory_unavailable retry=2
ASK alice@example.org
ANSWER unknown backing_off retry=2
SEARCHES corp 4
MOOD corp answers
HAS corp alice@example.org good
EXPLAIN alice@example.org
ANSWER found explained
ASK alice@example.org
ANSWER found layer=memory

STORY an unknown answer keeps its reason
DIRECTORY corp example.org
START
HAS corp alice@example.org expired
MOOD corp cuts
EXPLAIN alice@example.org
ANSWER unknown directory_limit refused=1 retry=1 explained

STORY a stale answer stays stale when it is explained
SET cache.ttl "1h"
SET cache.negttl "1m"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
MOOD corp down
TIME_PASSES 2h
EXPLAIN alice@example.org
ANSWER found stale explained

STORY two who ask why and one who does not share one search
DIRECTORY corp example.org
START
HAS corp alice@example.org good
MOOD corp hangs
EXPLAIN alice@example.org
EXPLAIN alice@example.org
ASK alice@example.org
NO_ANSWER
SEARCHES corp 1
DRAIN
ANSWER unknown times=3

STORY explaining waits for evidence, but not for ever
SET trust.crls [ "root-crl.pem" ]
DIRECTORY corp example.org
CRL http://crl.example/issuing.crl 10
WEB http://crl.example/issuing.crl hangs
START
HAS corp alice@example.org listed
EXPLAIN alice@example.org
NO_ANSWER
TIME_PASSES 6s
NO_ANSWER
TIME_PASSES 6s
ANSWER unknown revocation_unknown explained

STORY when validators hang, whoever asks why is answered once they work again
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
VALIDATORS hang
EXPLAIN alice@example.org
NO_ANSWER
VALIDATORS work
ANSWER found explained
