/*
 * The three outcomes of a lookup and every reason there is, with the one word
 * that JSON, the command line and the log share.
 *
 * "Nothing there" and "cannot tell" are different values and never mix: a
 * lookup starts as OUTCOME_UNKNOWN, a verdict as REASON_UNJUDGED, and both only
 * ever get better by evidence.
 */
#ifndef BASE_OUTCOME_H
#define BASE_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

enum outcome {
    OUTCOME_UNKNOWN, /* some directory could not be asked, and nothing usable was found: try again. Never cached. */
    OUTCOME_NONE,    /* every directory answered, and there is nothing usable */
    OUTCOME_FOUND    /* at least one usable certificate */
};

enum reason {
    REASON_UNJUDGED, /* nobody has looked yet; never shown */

    /* Of a value: RFC 5280, 8550, 8551, 9598. The order is the order of the checks: what stands lower got further. */
    REASON_USABLE,
    REASON_MALFORMED,
    REASON_NOT_ENCRYPTION_CAPABLE,
    REASON_ADDRESS_MISMATCH,
    REASON_WRONG_KEY_USAGE,
    REASON_WRONG_EXTENDED_KEY_USAGE,
    REASON_UNKNOWN_CRITICAL_EXTENSION,
    REASON_WEAK_KEY,
    REASON_WEAK_SIGNATURE,
    REASON_UNTRUSTED,
    REASON_BAD_CHAIN,
    REASON_CHAIN_EXPIRED,
    REASON_DENIED,
    REASON_REVOCATION_UNKNOWN,
    REASON_ISSUER_REVOKED,
    REASON_NOT_YET_VALID,
    REASON_EXPIRED,
    REASON_REVOKED,

    /* Of an outcome none, where no value was refused. */
    REASON_NO_DIRECTORY,   /* no directory is configured for this domain */
    REASON_NO_ENTRY,       /* the directories have no entry with this address */
    REASON_NO_CERTIFICATE, /* an entry, but no certificate in it */

    /* Of an outcome unknown. */
    REASON_DIRECTORY_UNAVAILABLE, /* could not be reached, refused us, or broke off */
    REASON_DIRECTORY_TIMEOUT,     /* reached, but did not answer in time */
    REASON_DIRECTORY_LIMIT,       /* its answer was cut off, and what came is not usable */
    REASON_DEADLINE,              /* our own deadline passed */
    REASON_OVERLOADED,            /* too many lookups wait already */
    REASON_CLIENT_LIMIT,          /* who asks has asked too much */
    REASON_BACKING_OFF,           /* this very lookup failed a moment ago */
    REASON_SHUTTING_DOWN,
    REASON_INTERNAL,              /* out of memory, or a defect of ours */

    REASON_COUNT
};

/* "found" "none" "unknown" */
const char *outcome_word(enum outcome outcome);

/* "wrong_key_usage": the word that users see. Never NULL. */
const char *reason_word(enum reason reason);

/* One sentence for people, without a full stop. */
const char *reason_text(enum reason reason);

/* The status of MS-ASCMD ValidateCert; 0 where it has none. */
int reason_activesync_status(enum reason reason);

/* The reverse of reason_word(). False: no such word. */
bool reason_parse(const char *word, enum reason *reason);
bool outcome_parse(const char *word, enum outcome *outcome);

#endif
