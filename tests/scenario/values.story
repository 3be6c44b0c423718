# What is beside what.

STORY an expired, a revoked and a garbage value never hide a good one
DIRECTORY corp example.org
START
REVOKE alice@example.org
RELOAD
HAS corp alice@example.org expired garbage good untrusted good2 signing
ASK alice@example.org
ANSWER found usable=1 refused=5

STORY two different good values stay two
DIRECTORY corp example.org
START
HAS corp alice@example.org good good2
ASK alice@example.org
ANSWER found usable=2 refused=0

STORY the same value twice is one
DIRECTORY corp example.org
START
HAS corp alice@example.org good good
ASK alice@example.org
ANSWER found usable=1 refused=0

STORY values of several directories come together
DIRECTORY corp example.org
DIRECTORY branch *.org
START
HAS corp alice@example.org good
HAS branch alice@example.org good2 expired
ASK alice@example.org
ANSWER found usable=2 refused=1 whole

STORY only an expired one is none, expired
DIRECTORY corp example.org
START
HAS corp alice@example.org expired garbage
ASK alice@example.org
ANSWER none expired usable=0 refused=2

STORY two revoked and one good give the good one
DIRECTORY corp example.org
HAS corp alice@example.org good revoked good2
REVOKE alice@example.org
START
ASK alice@example.org
ANSWER found usable=1 refused=2

STORY without a CRL of the issuer, prefer serves and require refuses for good
SET trust.crls [ "root-crl.pem" ]
SET trust.revocation "prefer"
DIRECTORY corp example.org
START
HAS corp alice@example.org good
ASK alice@example.org
ANSWER found usable=1
SET trust.revocation "require"
RELOAD
ASK alice@example.org
ANSWER none revocation_unknown
