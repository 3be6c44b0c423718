/*
 * Whether who signed a CRL may speak for the certificates of a path (RFC 5280
 * 6.3.3 (f)): a certificate of the CRL's issuer with the key that made the
 * signature, cRLSign, and a path of its own to the same anchor, with revocation
 * checked on it as well.
 *
 * Mostly it is an issuer of the very path. A CA that signs certificates with one
 * key and CRLs with another has a second certificate; the issuer of an indirect
 * CRL is somebody else.
 *
 * The certificate of a CRL's signer may itself be under that CRL (NIST's PKITS
 * 4.14.30). Such a CRL speaks for its own signer only where no other does: so
 * who stole the key of a revoked signer cannot declare it good.
 */
#ifndef X509_SIGNER_H
#define X509_SIGNER_H

#include "x509/crl.h"
#include "x509/path.h"

/* A signer whose path is being judged, and for whom that is wanted in turn. */
struct signing {
    const struct crl *crl;
    const struct signing *for_whom; /* NULL: a path that judge() asked about */
    int depth;
};

enum signer_word {
    SIGNER_NONE,    /* none that may speak here */
    SIGNER_ITSELF,  /* it is the signer whose path is being judged */
    SIGNER_UNKNOWN, /* its path holds, but its own revocation is not known: what it lists counts, no more */
    SIGNER_GOOD
};

struct signer {
    enum signer_word word;
    int64_t until; /* SIGNER_GOOD: so long, by its own path and the evidence for it; INT64_MAX: as long as the path
                    * asked about */
    bool authority; /* a CA's: with that key certificates are issued as well */
};

/* Those that one call of judge() met. */
struct signers {
    struct signer_known {
        const struct crl *crl;
        const struct cert *anchor;
        struct signer signer;
    } known[MAX_SIGNERS_KNOWN];
    size_t count;
};

/* Of a CRL that is verified, for this path. */
struct signer signer_of(const struct path_request *request, const struct path *path, const struct crl *crl);

#endif
