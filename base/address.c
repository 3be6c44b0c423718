#include "base/address.h"

#include <stdlib.h>
#include <uninorm.h>
#include <unistr.h>

#include "base/address_plain.h"
#include "base/digest.h"
#include "base/domain.h"
#include "base/text.h"

/* NFC may lengthen a text, threefold at most (Unicode Standard Annex 15, 9). */
#define LOCAL_ROOM (3 * MAX_LOCAL_PART_BYTES)

struct local {
    uint8_t text[LOCAL_ROOM];
    size_t size;
};

const char *address_fault_text(enum address_fault fault)
{
    static const char *const texts[] = {
        [ADDRESS_OK] = "the address is valid",
        [ADDRESS_EMPTY] = "the address is empty",
        [ADDRESS_TOO_LONG] = "the address is longer than 254 octets",
        [ADDRESS_NO_AT] = "the address has no @",
        [ADDRESS_LOCAL_TOO_LONG] = "the part before the @ is longer than 64 octets",
        [ADDRESS_BAD_LOCAL] = "the part before the @ is not a valid local part",
        [ADDRESS_BAD_DOMAIN] = "the domain is not a valid host name",
        [ADDRESS_BAD_UTF8] = "the address is not valid UTF-8",
        [ADDRESS_CONTROL] = "the address contains a control character",
    };

    return texts[fault];
}

/* C0 and DEL are single octets; C1 (U+0080 to U+009F) is C2 80 to C2 9F in well-formed UTF-8. */
static bool has_control(struct bytes raw)
{
    for (size_t i = 0; i < raw.size; i++) {
        uint8_t c = raw.data[i];

        if (c < 0x20 || c == 0x7f || (c == 0xc2 && i + 1 < raw.size && raw.data[i + 1] < 0xa0)) {
            return true;
        }
    }
    return false;
}

/* Octets of the local part: up to the first '@', or up to the closing quote. raw.size: there is no such end. */
static size_t local_end(struct bytes raw)
{
    bool quoted = raw.data[0] == '"';
    size_t at = quoted ? 1 : 0;

    while (at < raw.size && raw.data[at] != (quoted ? '"' : '@')) {
        at += quoted && raw.data[at] == '\\' && raw.size - at > 1 ? 2 : 1;
    }
    return quoted && at < raw.size ? at + 1 : at;
}

/* atext of RFC 5322 3.2.3, and UTF8-non-ascii of RFC 6531 3.3. */
static bool is_atext(uint8_t c)
{
    return c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* RFC 5321 4.1.2: atoms with single dots between them. */
static bool is_dot_string(const struct local *local)
{
    bool atom = false;

    for (size_t i = 0; i < local->size; i++) {
        if (local->text[i] == '.' ? !atom : !is_atext(local->text[i])) {
            return false;
        }
        atom = local->text[i] != '.';
    }
    return atom;
}

/* Takes the quotes and the backslashes of quoted pairs away. False: not a quoted string. */
static bool unquote(struct local *local)
{
    size_t to = 0, end = local->size - 1;

    if (local->size < 2 || local->text[end] != '"') {
        return false;
    }
    for (size_t i = 1; i < end; i++) {
        if (local->text[i] == '"') {
            return false;
        }
        /* RFC 5321 4.1.2, quoted-pairSMTP: a backslash and one of %d32-126 */
        if (local->text[i] == '\\' && (++i == end || local->text[i] >= 0x7f)) {
            return false;
        }
        local->text[to++] = local->text[i];
    }
    local->size = to;
    return true;
}

/* The one spelling of a quoted string: only what must be escaped is. False: longer than a local part may be. */
static bool quote(struct local *local)
{
    uint8_t content[LOCAL_ROOM];
    size_t size = local->size, to = 0;

    if (size > MAX_LOCAL_PART_BYTES) {
        return false;
    }
    memcpy(content, local->text, size);
    local->text[to++] = '"';
    for (size_t i = 0; i < size; i++) {
        if (content[i] == '"' || content[i] == '\\') {
            local->text[to++] = '\\';
        }
        local->text[to++] = content[i];
    }
    local->text[to++] = '"';
    local->size = to;
    return true;
}

/* `raw` in NFC. False: does not fit, or out of memory. */
static bool local_compose(struct bytes raw, struct local *local)
{
    uint8_t composed[LOCAL_ROOM];
    size_t size = sizeof(composed);
    uint8_t *result;
    bool fits;

    if (text_is_ascii(raw)) {
        memcpy(local->text, raw.data, raw.size);
        local->size = raw.size;
        return true;
    }
    result = u8_normalize(UNINORM_NFC, raw.data, raw.size, composed, &size);
    fits = result != NULL && size <= sizeof(local->text);
    if (fits) {
        memcpy(local->text, result, size);
        local->size = size;
    }
    if (result != composed) {
        free(result);
    }
    return fits;
}

/*
 * NFC comes first: it turns some characters into ASCII (U+212A into K, U+037E
 * into a semicolon), and these must pass the grammar like any other. It comes
 * again after the letters are lowered: h and U+0331 have a composed form, H and
 * U+0331 have none.
 */
static enum address_fault local_parse(struct bytes raw, struct local *local)
{
    bool quoted = raw.data[0] == '"';
    struct local lowered;

    if (raw.size > MAX_LOCAL_PART_BYTES || !local_compose(raw, &lowered)) {
        return ADDRESS_LOCAL_TOO_LONG;
    }
    if (quoted && !unquote(&lowered)) {
        return ADDRESS_BAD_LOCAL;
    }
    for (size_t i = 0; i < lowered.size; i++) {
        lowered.text[i] += lowered.text[i] >= 'A' && lowered.text[i] <= 'Z' ? 'a' - 'A' : 0;
    }
    if (!local_compose(bytes_of(lowered.text, lowered.size), local)) {
        return ADDRESS_LOCAL_TOO_LONG;
    }
    if (!is_dot_string(local)) {
        if (!quoted) {
            return ADDRESS_BAD_LOCAL;
        }
        if (!quote(local)) {
            return ADDRESS_LOCAL_TOO_LONG;
        }
    }
    return local->size <= MAX_LOCAL_PART_BYTES ? ADDRESS_OK : ADDRESS_LOCAL_TOO_LONG;
}

static void address_write(struct address *address, const struct local *local, const struct domain *domain)
{
    memcpy(address->text, local->text, local->size);
    address->local_size = local->size;
    address->text[local->size] = '@';
    memcpy(address->text + local->size + 1, domain->text, domain->size + 1);
    address->size = local->size + 1 + domain->size;
    memcpy(address->display, address->text, local->size + 1);
    memcpy(address->display + local->size + 1, domain->display, strlen(domain->display) + 1);
}

enum address_fault address_parse_any(struct bytes raw, struct address *address)
{
    enum address_fault fault;
    struct domain domain;
    struct local local;
    size_t end;

    if (raw.size == 0) {
        return ADDRESS_EMPTY;
    }
    if (raw.size >= sizeof(address->display)) {
        return ADDRESS_TOO_LONG;
    }
    if (u8_check(raw.data, raw.size) != NULL) {
        return memchr(raw.data, '\0', raw.size) != NULL ? ADDRESS_CONTROL : ADDRESS_BAD_UTF8;
    }
    if (has_control(raw)) {
        return ADDRESS_CONTROL;
    }
    if (memchr(raw.data, '@', raw.size) == NULL) {
        return ADDRESS_NO_AT;
    }
    end = local_end(raw);
    if (end == 0 || end == raw.size || raw.data[end] != '@') {
        return ADDRESS_BAD_LOCAL;
    }
    fault = local_parse(bytes_of(raw.data, end), &local);
    if (fault != ADDRESS_OK) {
        return fault;
    }
    if (!domain_parse(bytes_of(raw.data + end + 1, raw.size - end - 1), 2, &domain)) {
        return raw.size > MAX_ADDRESS_BYTES && text_is_ascii(raw) ? ADDRESS_TOO_LONG : ADDRESS_BAD_DOMAIN;
    }
    if (local.size + 1 + domain.size > MAX_ADDRESS_BYTES) {
        return ADDRESS_TOO_LONG;
    }
    if (local.size + 1 + strlen(domain.display) >= sizeof(address->display)) {
        return ADDRESS_TOO_LONG;
    }
    address_write(address, &local, &domain);
    return ADDRESS_OK;
}

enum address_fault address_parse(struct bytes raw, struct address *address)
{
    enum address_fault fault = address_parse_plain(raw, address) ? ADDRESS_OK : address_parse_any(raw, address);

    if (fault == ADDRESS_OK) {
        address->hash = digest_table_hash(address_bytes(address));
    }
    return fault;
}
