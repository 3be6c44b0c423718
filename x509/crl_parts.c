#include "x509/crl_parts.h"

#include <limits.h>
#include <openssl/err.h>
#include <stdlib.h>

#define HEADER_MAX 8 /* tag and length of what is shorter than 4 GiB, and some more */

struct element {
    int tag; /* universal; -1: another class, or a SEQUENCE that is not constructed */
    struct bytes whole, content;
};

/* The element that `rest` begins with, which `rest` then goes beyond. False: there is none with a definite length. */
static bool take(struct bytes *rest, struct element *element)
{
    const uint8_t *at = rest->data;
    long size = 0;
    int tag = 0, class = 0, form;

    if (rest->size == 0 || rest->size > LONG_MAX) {
        return false;
    }
    form = ASN1_get_object(&at, &size, &tag, &class, (long)rest->size);
    if ((form & 0x80) != 0 || ((form & V_ASN1_CONSTRUCTED) != 0 && (form & 1) != 0)) {
        return false;
    }
    element->tag = class == V_ASN1_UNIVERSAL ? tag : -1;
    if (tag == V_ASN1_SEQUENCE && (form & V_ASN1_CONSTRUCTED) == 0) {
        element->tag = -1;
    }
    element->content = bytes_of(at, (size_t)size);
    element->whole = bytes_of(rest->data, (size_t)(at - rest->data) + (size_t)size);
    *rest = bytes_of(rest->data + element->whole.size, rest->size - element->whole.size);
    return true;
}

/* Of that tag; else `rest` stays. */
static bool take_tag(struct bytes *rest, int tag, struct element *element)
{
    struct bytes after = *rest;

    if (!take(&after, element) || element->tag != tag) {
        return false;
    }
    *rest = after;
    return true;
}

static bool take_time(struct bytes *rest)
{
    struct element time;

    return take_tag(rest, V_ASN1_UTCTIME, &time) || take_tag(rest, V_ASN1_GENERALIZEDTIME, &time);
}

/* Up to nextUpdate. `algorithm`: the first AlgorithmIdentifier. */
static bool pass_beginning(struct bytes *rest, struct element *algorithm)
{
    struct element element;

    take_tag(rest, V_ASN1_INTEGER, &element);
    if (!take_tag(rest, V_ASN1_SEQUENCE, algorithm) || !take_tag(rest, V_ASN1_SEQUENCE, &element) || !take_time(rest)) {
        return false;
    }
    take_time(rest);
    return true;
}

static uint8_t *write_sequence(uint8_t *at, size_t size)
{
    ASN1_put_object(&at, 1, (int)size, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
    return at;
}

static uint8_t *write_bytes(uint8_t *at, struct bytes bytes)
{
    if (bytes.size > 0) {
        memcpy(at, bytes.data, bytes.size);
    }
    return at + bytes.size;
}

/* The same CRL without its entries: what is signed goes in two pieces, and `tail` is what follows it. */
static X509_CRL *read_head(struct bytes before, struct bytes after, struct bytes tail)
{
    size_t tbs_size = before.size + after.size, size = tbs_size + tail.size + 2 * HEADER_MAX;
    uint8_t *der = size <= INT_MAX ? malloc(size) : NULL, *at;
    X509_CRL *head = NULL;

    if (der != NULL) {
        size_t whole = (size_t)ASN1_object_size(1, (int)tbs_size, V_ASN1_SEQUENCE) + tail.size;
        const uint8_t *from = der;
        at = write_sequence(write_sequence(der, whole), tbs_size);
        at = write_bytes(write_bytes(write_bytes(at, before), after), tail);
        head = d2i_X509_CRL(NULL, &from, (long)(at - der));
        if (head != NULL && (from != at || X509_CRL_get_REVOKED(head) != NULL)) { /* what we do not take for entries */
            X509_CRL_free(head);
            head = NULL;
        }
    }
    free(der);
    return head;
}

bool crl_parts_take(struct crl_parts *parts, struct bytes der)
{
    struct element crl, tbs, algorithm, entries = {0};
    struct bytes rest = der, inside, before;
    const uint8_t *at;

    *parts = (struct crl_parts){0};
    if (!take_tag(&rest, V_ASN1_SEQUENCE, &crl) || rest.size > 0 ||
        !take_tag(&crl.content, V_ASN1_SEQUENCE, &tbs)) {
        return false;
    }
    inside = tbs.content;
    if (!pass_beginning(&inside, &algorithm)) {
        return false;
    }
    before = bytes_of(tbs.content.data, (size_t)(inside.data - tbs.content.data));
    if (take_tag(&inside, V_ASN1_SEQUENCE, &entries)) {
        parts->entries = entries.content;
    }
    at = algorithm.whole.data;
    parts->tbs = tbs.whole;
    parts->inner = d2i_X509_ALGOR(NULL, &at, (long)algorithm.whole.size);
    parts->head = read_head(before, inside, crl.content);
    if (parts->inner == NULL || parts->head == NULL) {
        crl_parts_free(parts);
        ERR_clear_error();
        return false;
    }
    return true;
}

void crl_parts_free(struct crl_parts *parts)
{
    X509_CRL_free(parts->head);
    X509_ALGOR_free(parts->inner);
    *parts = (struct crl_parts){0};
}

/* As X509_CRL_verify() does, over the octets as they came: a SEQUENCE in an ANY is a string of them, tag and length
 * included. */
bool crl_parts_verify(const struct crl_parts *parts, EVP_PKEY *key)
{
    ASN1_STRING tbs = {.type = V_ASN1_SEQUENCE, .length = (int)parts->tbs.size, .data = (uint8_t *)parts->tbs.data};
    const ASN1_TYPE signed_ = {V_ASN1_SEQUENCE, {.sequence = &tbs}};
    const ASN1_BIT_STRING *signature;
    const X509_ALGOR *algorithm;

    X509_CRL_get0_signature(parts->head, &signature, &algorithm);
    return parts->tbs.size <= INT_MAX &&
           ASN1_item_verify(ASN1_ITEM_rptr(ASN1_ANY), (X509_ALGOR *)algorithm, (ASN1_BIT_STRING *)signature,
                            (void *)&signed_, key) == 1;
}
