#include "x509/rsa_key.h"

#include <limits.h>

#include "base/limits.h"
#include "x509/der.h"

/* Sizes that every libcrypto takes; what is beyond is for libcrypto to refuse. */
#define LEAST_BITS 512
#define MOST_BITS 16384

/* What subjectPublicKey holds, where the algorithm is rsaEncryption; its parameters must be NULL. */
static struct bytes key_octets(const X509 *x509, int *parameters)
{
    const ASN1_OBJECT *object;
    const uint8_t *octets;
    X509_ALGOR *algorithm;
    int size;

    if (X509_PUBKEY_get0_param(NULL, &octets, &size, &algorithm, X509_get_X509_PUBKEY(x509)) != 1) {
        return bytes_of("", 0);
    }
    X509_ALGOR_get0(&object, parameters, NULL, algorithm);
    return OBJ_obj2nid(object) == NID_rsaEncryption ? bytes_of(octets, (size_t)size) : bytes_of("", 0);
}

static int bits_of(struct bytes magnitude)
{
    int bits = (int)(magnitude.size - 1) * 8;

    for (uint8_t first = magnitude.data[0]; first != 0; first >>= 1) {
        bits++;
    }
    return bits;
}

/* A positive odd INTEGER without needless zeros. 0: it is none. That the exponent is odd also says that no bit of the
 * BIT STRING around it is unused. */
static int odd_take(struct bytes *left)
{
    struct bytes content;

    if (!der_take(left, DER_INTEGER, &content) || content.size == 0 || content.size > INT_MAX / 16 ||
        (content.data[0] & 0x80) != 0 || (content.data[content.size - 1] & 1) == 0) {
        return 0;
    }
    if (content.size > 1 && content.data[0] == 0) {
        content = bytes_of(content.data + 1, content.size - 1);
        return (content.data[0] & 0x80) != 0 ? bits_of(content) : 0;
    }
    return bits_of(content);
}

bool rsa_key_read(const X509 *x509, struct rsa_key *key)
{
    int parameters = V_ASN1_UNDEF;
    struct bytes left = key_octets(x509, &parameters), numbers;

    if (parameters != V_ASN1_NULL || !der_take(&left, DER_SEQUENCE, &numbers) || left.size > 0) {
        return false;
    }
    key->bits = odd_take(&numbers);
    key->exponent_bits = odd_take(&numbers);
    return numbers.size == 0 && key->bits >= LEAST_BITS && key->bits <= MOST_BITS && key->exponent_bits > 0 &&
           key->exponent_bits <= MAX_RSA_EXPONENT_BITS;
}

bool rsa_key_is_same(const X509 *a, const X509 *b)
{
    struct rsa_key key;
    int ignored;

    return rsa_key_read(a, &key) && bytes_equal(key_octets(a, &ignored), key_octets(b, &ignored));
}
