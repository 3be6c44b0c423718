#include "base/answer.h"

const char *attribute_name(enum attribute attribute)
{
    static const char *const names[] = {
        [ATTRIBUTE_USER_CERTIFICATE] = "userCertificate",
        [ATTRIBUTE_USER_SMIME_CERTIFICATE] = "userSMIMECertificate",
    };

    return names[attribute];
}

const char *revocation_word(enum revocation_status status)
{
    static const char *const words[] = {
        [REVOCATION_NOT_CHECKED] = "not_checked",
        [REVOCATION_GOOD] = "good",
        [REVOCATION_UNKNOWN] = "unknown",
        [REVOCATION_REVOKED] = "revoked",
    };

    return words[status];
}

/* RFC 5280 5.3.1; 7 is not used. */
const char *crl_reason_word(int crl_reason)
{
    static const char *const words[] = {
        "unspecified", "keyCompromise", "cACompromise", "affiliationChanged", "superseded", "cessationOfOperation",
        "certificateHold", NULL, "removeFromCRL", "privilegeWithdrawn", "aACompromise",
    };

    return crl_reason >= 0 && (size_t)crl_reason < sizeof(words) / sizeof(words[0]) ? words[crl_reason] : NULL;
}

const char *asked_word(enum asked_result result)
{
    static const char *const words[] = {
        [ASKED_ANSWERED] = "answered",
        [ASKED_CUT_OFF] = "cut_off",
        [ASKED_TIMED_OUT] = "timed_out",
        [ASKED_UNAVAILABLE] = "unavailable",
        [ASKED_OVERLOADED] = "overloaded",
    };

    return words[result];
}

const char *layer_word(enum layer layer)
{
    static const char *const words[] = {
        [LAYER_DIRECTORY] = "directory",
        [LAYER_REDIS] = "redis",
        [LAYER_MEMORY] = "memory",
    };

    return words[layer];
}
