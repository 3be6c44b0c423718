#include "x509/crl_plain.h"

#include <openssl/x509v3.h>

#include "base/text.h"
#include "x509/der.h"

#define TIME_SIZE 13 /* YYMMDDHHMMSSZ */

/* The content of an element of that tag with a length of one octet; `rest` goes beyond it. */
static bool take_short(struct bytes *rest, uint8_t tag, struct bytes *content)
{
    if (rest->size < 2 || rest->data[0] != tag || rest->data[1] >= 0x80 || rest->data[1] > rest->size - 2) {
        return false;
    }
    *content = bytes_of(rest->data + 2, rest->data[1]);
    *rest = bytes_of(content->data + content->size, rest->size - 2 - content->size);
    return true;
}

/* Without the zero in front that keeps it from being negative; X.690 8.3.2 allows no other one. */
static bool read_serial(struct bytes integer, struct bytes *magnitude)
{
    if (integer.size == 0 || (integer.data[0] & 0x80) != 0 ||
        (integer.size > 1 && integer.data[0] == 0 && (integer.data[1] & 0x80) == 0)) {
        return false;
    }
    *magnitude = integer.size > 1 && integer.data[0] == 0 ? bytes_of(integer.data + 1, integer.size - 1) : integer;
    return true;
}

/* Two digits; -1: they are none. */
static int two_digits(const uint8_t *at)
{
    unsigned tens = at[0] - '0', ones = at[1] - '0';

    return tens < 10 && ones < 10 ? (int)(tens * 10 + ones) : -1;
}

/* Days from the 29th on are left to libcrypto, which knows the months. */
static bool read_time(struct bytes time, int64_t *wall_s)
{
    static const struct {
        int least, most;
    } limits[] = {{0, 99}, {1, 12}, {1, 28}, {0, 23}, {0, 59}, {0, 59}};
    int parts[6];

    if (time.size != TIME_SIZE || time.data[TIME_SIZE - 1] != 'Z') {
        return false;
    }
    for (size_t i = 0; i < 6; i++) {
        parts[i] = two_digits(time.data + 2 * i);
        if (parts[i] < limits[i].least || parts[i] > limits[i].most) {
            return false;
        }
    }
    *wall_s = text_time_from_utc(parts[0] + (parts[0] < 50 ? 2000 : 1900), parts[1], parts[2], parts[3], parts[4],
                                 parts[5]); /* RFC 5280 4.1.2.5.1 */
    return true;
}

/* Extensions with reasonCode alone, not critical. */
static bool read_reason(struct bytes extensions, int8_t *reason)
{
    static const uint8_t before[] = {0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01};

    *reason = -1;
    if (extensions.size == 0) {
        return true;
    }
    if (extensions.size != sizeof(before) + 1 || memcmp(extensions.data, before, sizeof(before)) != 0) {
        return false;
    }
    if (extensions.data[sizeof(before)] <= CRL_REASON_AA_COMPROMISE) {
        *reason = (int8_t)extensions.data[sizeof(before)];
    }
    return true;
}

bool crl_plain_take(struct bytes *rest, struct crl_plain *entry)
{
    struct bytes after = *rest, inside, serial, time;

    if (!take_short(&after, DER_SEQUENCE, &inside) || !take_short(&inside, V_ASN1_INTEGER, &serial) ||
        !take_short(&inside, V_ASN1_UTCTIME, &time) || !read_serial(serial, &entry->serial) ||
        !read_time(time, &entry->revoked_at) || !read_reason(inside, &entry->reason)) {
        return false;
    }
    *rest = after;
    return true;
}
