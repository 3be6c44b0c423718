#include "base/outcome.h"

#include <stddef.h>
#include <string.h>

static const char *const outcome_words[] = {
    [OUTCOME_UNKNOWN] = "unknown",
    [OUTCOME_NONE] = "none",
    [OUTCOME_FOUND] = "found",
};

static const struct {
    const char *word;
    int activesync; /* MS-ASCMD 2.2.3.177.17, Status (ValidateCert) */
    const char *text;
} reasons[REASON_COUNT] = {
    [REASON_UNJUDGED] = {"unjudged", 0, "not judged"},

    [REASON_USABLE] = {"usable", 1, "usable for encryption"},
    [REASON_MALFORMED] = {"malformed", 10, "not a well-formed certificate"},
    [REASON_NOT_ENCRYPTION_CAPABLE] = {"not_encryption_capable", 0, "the key cannot take part in encryption"},
    [REASON_ADDRESS_MISMATCH] = {"address_mismatch", 12, "the certificate does not name this address"},
    [REASON_WRONG_KEY_USAGE] = {"wrong_key_usage", 9, "the key usage does not allow encryption"},
    [REASON_WRONG_EXTENDED_KEY_USAGE] = {"wrong_extended_key_usage", 9, "the extended key usage does not allow mail"},
    [REASON_UNKNOWN_CRITICAL_EXTENSION] = {"unknown_critical_extension", 10, "a critical extension is not known"},
    [REASON_WEAK_KEY] = {"weak_key", 0, "the key is too weak"},
    [REASON_WEAK_SIGNATURE] = {"weak_signature", 0, "a signature in the chain is too weak"},
    [REASON_UNTRUSTED] = {"untrusted", 4, "no chain to a trusted anchor"},
    [REASON_BAD_CHAIN] = {"bad_chain", 5, "the chain to the anchor is not valid"},
    [REASON_CHAIN_EXPIRED] = {"chain_expired", 7, "an issuer is expired or not valid yet"},
    [REASON_DENIED] = {"denied", 0, "the certificate, or an issuer, is denied by fingerprint"},
    [REASON_REVOCATION_UNKNOWN] = {"revocation_unknown", 14, "whether it was revoked cannot be found out"},
    [REASON_ISSUER_REVOKED] = {"issuer_revoked", 15, "an issuer was revoked"},
    [REASON_NOT_YET_VALID] = {"not_yet_valid", 7, "the certificate is not valid yet"},
    [REASON_EXPIRED] = {"expired", 7, "the certificate is expired"},
    [REASON_REVOKED] = {"revoked", 13, "the certificate was revoked"},

    [REASON_NO_DIRECTORY] = {"no_directory", 0, "no directory is configured for this domain"},
    [REASON_NO_ENTRY] = {"no_entry", 0, "no directory has an entry with this address"},
    [REASON_NO_CERTIFICATE] = {"no_certificate", 0, "the entry holds no certificate"},

    [REASON_DIRECTORY_UNAVAILABLE] = {"directory_unavailable", 0, "a directory could not be asked"},
    [REASON_DIRECTORY_TIMEOUT] = {"directory_timeout", 0, "a directory did not answer in time"},
    [REASON_DIRECTORY_LIMIT] = {"directory_limit", 0, "a directory cut its answer off"},
    [REASON_DEADLINE] = {"deadline", 0, "the lookup took too long"},
    [REASON_OVERLOADED] = {"overloaded", 0, "too many lookups are under way"},
    [REASON_CLIENT_LIMIT] = {"client_limit", 0, "this client has looked up too many, or too many in vain"},
    [REASON_BACKING_OFF] = {"backing_off", 0, "this lookup failed a moment ago"},
    [REASON_SHUTTING_DOWN] = {"shutting_down", 0, "the gateway is shutting down"},
    [REASON_INTERNAL] = {"internal", 0, "the gateway failed"},
};

const char *outcome_word(enum outcome outcome)
{
    return outcome_words[outcome];
}

bool outcome_parse(const char *word, enum outcome *outcome)
{
    for (size_t i = 0; i < sizeof(outcome_words) / sizeof(outcome_words[0]); i++) {
        if (strcmp(word, outcome_words[i]) == 0) {
            *outcome = (enum outcome)i;
            return true;
        }
    }
    return false;
}

const char *reason_word(enum reason reason)
{
    return reasons[reason].word;
}

const char *reason_text(enum reason reason)
{
    return reasons[reason].text;
}

int reason_activesync_status(enum reason reason)
{
    return reasons[reason].activesync;
}

bool reason_parse(const char *word, enum reason *reason)
{
    for (size_t i = 0; i < REASON_COUNT; i++) {
        if (strcmp(word, reasons[i].word) == 0) {
            *reason = (enum reason)i;
            return true;
        }
    }
    return false;
}
