#include "x509/digests.h"

#include <openssl/rsa.h>
#include <stddef.h>

/* RFC 4055 3.1: the hash stands among the parameters, SHA-1 where it does not. */
static int digest_of_pss(const X509_ALGOR *algorithm)
{
    RSA_PSS_PARAMS *parameters = NULL;
    const ASN1_OBJECT *object = NULL;
    const void *value = NULL;
    int type = V_ASN1_UNDEF, digest = DIGEST_UNKNOWN;

    X509_ALGOR_get0(NULL, &type, &value, algorithm);
    if (type == V_ASN1_SEQUENCE) {
        parameters = ASN1_item_unpack(value, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
    }
    if (parameters != NULL) {
        digest = NID_sha1;
        if (parameters->hashAlgorithm != NULL) {
            X509_ALGOR_get0(&object, NULL, NULL, parameters->hashAlgorithm);
            digest = OBJ_obj2nid(object) != NID_undef ? OBJ_obj2nid(object) : DIGEST_UNKNOWN;
        }
    }
    RSA_PSS_PARAMS_free(parameters);
    return digest;
}

int digest_of_signature(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *object = NULL;
    int digest = NID_undef, key = NID_undef, nid;

    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    nid = OBJ_obj2nid(object);
    if (nid == NID_rsassaPss) {
        return digest_of_pss(algorithm);
    }
    if (nid == NID_ED25519 || nid == NID_ED448) {
        return DIGEST_WITHIN;
    }
    return OBJ_find_sigid_algs(nid, &digest, &key) == 1 && digest != NID_undef ? digest : DIGEST_UNKNOWN;
}

bool digest_is_strong(int digest, const struct strength *strength)
{
    return digest == DIGEST_WITHIN || hash_is_listed(digest, strength);
}
