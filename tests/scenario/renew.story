# Answers that are had anew without anybody waiting.

STORY what is renewed is what the directory says now, past both caches
REDIS
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found usable=1
HAS corp alice@example.org good good2
RENEW alice@example.org
SEARCHES corp 2
REDIS_GETS 1
REDIS_SETS 2
NO_ANSWER
ASK alice@example.org
ANSWER found usable=2 layer=memory fresh
RENEWALS started 1
RENEWALS failed 0

STORY what the directory does not have any more is none
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
LACKS corp alice@example.org
RENEW alice@example.org
ASK alice@example.org
ANSWER none no_entry layer=memory
RENEWALS failed 0

STORY a renewal that fails leaves what there is, and the address rests
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found
MOOD corp down
RENEW alice@example.org
RENEWALS failed 1
ASK alice@example.org
ANSWER found layer=memory fresh
SEARCHES corp 2
RENEW alice@example.org
RENEWALS started 2
RENEWALS failed 2
SEARCHES corp 2

STORY one that comes back with half of it leaves the whole that there is
DIRECTORY corp example.org
DIRECTORY branch example.org
START
HAS corp alice@example.org good
HAS branch alice@example.org good2
ASK alice@example.org
ANSWER found whole usable=2
MOOD branch down
RENEW alice@example.org
RENEWALS failed 1
ASK alice@example.org
ANSWER found whole usable=2 layer=memory

STORY whoever asks meanwhile waits with it
DIRECTORY corp example.org
START
MOOD corp hangs
RENEW alice@example.org
ASK alice@example.org
NO_ANSWER
SEARCHES corp 1
RENEW alice@example.org
RENEWALS joined 1
TIME_PASSES 5s
ANSWER unknown deadline
RENEWALS failed 1

STORY what another gateway put into Redis is passed by
REDIS
DIRECTORY corp example.org
START
GATEWAY 2
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found usable=1 layer=directory
GATEWAY 1
RENEW alice@example.org
SEARCHES corp 2
REDIS_GETS 1

STORY no more in a second than the setting says
SET cache.renewals 3
DIRECTORY corp example.org
START
RENEW a@example.org
RENEW b@example.org
RENEW c@example.org
RENEW d@example.org
RENEWALS started 3
RENEWALS limited 1
SEARCHES corp 3
TIME_PASSES 400ms
RENEW d@example.org
RENEW e@example.org
RENEWALS started 4
RENEWALS limited 2
TIME_PASSES 10s
RENEW f@example.org
RENEW g@example.org
RENEW h@example.org
RENEW i@example.org
RENEWALS started 7
RENEWALS limited 3

STORY 0 is none
SET cache.renewals 0
DIRECTORY corp example.org
START
RENEW a@example.org
RENEWALS limited 1
SEARCHES corp 0

STORY no more at a time than a quarter of the flights
SET lookup.flights 8
DIRECTORY corp example.org
START
MOOD corp hangs
RENEW a@example.org
RENEW b@example.org
RENEW c@example.org
RENEWALS started 2
RENEWALS limited 1
ASK d@example.org
SEARCHES corp 3
TIME_PASSES 5s
ANSWER unknown deadline
RENEW c@example.org
RENEWALS started 3

STORY a renewal that is under way when the gateway ends keeps nobody
DIRECTORY corp example.org
START
MOOD corp hangs
RENEW a@example.org
DRAIN
RENEW b@example.org
SEARCHES corp 1
RENEWALS started 1

STORY what began before a reload does not take the place of what came after it
DIRECTORY corp example.org
START
HAS corp alice@example.org good
MOOD corp hangs
RENEW alice@example.org
SET trust.revocation "off"
RELOAD
MOOD corp answers
ASK alice@example.org
ANSWER found layer=directory
SEARCHES corp 2
TIME_PASSES 5s
ASK alice@example.org
ANSWER found layer=memory
SEARCHES corp 2
