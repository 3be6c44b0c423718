/*
 * What a directory that is followed sends: the first byte says which of the
 * values of RFC 4533 follows, or that it is a value of an address attribute.
 */
#include <stdlib.h>

#include "ldap/sync_names.h"
#include "ldap/sync_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void lies_in(struct bytes part, struct bytes whole)
{
    must(part.data == NULL || (part.data >= whole.data && part.data + part.size <= whole.data + whole.size));
}

static void read_entry(struct bytes value)
{
    struct sync_entry entry;

    if (sync_entry_decode(value, &entry) == 0) {
        must(entry.state <= SYNC_DELETE);
        lies_in(entry.cookie, value);
    }
}

static bool on_uuid(void *context, const uint8_t *uuid)
{
    struct bytes *left = context;

    must(uuid >= left->data && uuid + SYNC_UUID_BYTES <= left->data + left->size);
    *left = bytes_of(uuid + SYNC_UUID_BYTES, (size_t)(left->data + left->size - uuid) - SYNC_UUID_BYTES);
    return true;
}

static void read_info(struct bytes value)
{
    struct sync_info info;

    if (sync_info_decode(value, &info) == 0) {
        lies_in(info.cookie, value);
        lies_in(info.uuids, value);
        struct bytes left = info.uuids;

        sync_info_each(&info, on_uuid, &left);
        must(left.size == 0);
    }
}

static void on_address(void *context, const struct address *address)
{
    must(directory_serves(context, address_domain(address)));
}

static void read_value(struct bytes value)
{
    static const char *const domains[] = {"example.org", "xn--bcher-kva.example"};
    static const struct directory_config config = {
        .filter = "(|(mail=%m)(proxyAddresses=smtp:%m)(uid=%u)(cn=<%u@%d>))", .domains = domains, .domain_count = 2};
    struct sync_names names;

    must(sync_names_make(&config, &names, NULL) == 0);
    (void)sync_names_read(&names, value, on_address, (void *)&config);
}

static void echo_cookie(struct bytes cookie)
{
    struct buffer out;

    buffer_init(&out, 1 << 17);
    must(sync_request_encode(cookie, &out) == (cookie.size <= UINT16_MAX - 16 ? 0 : -1));
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(struct bytes value) = {read_entry, read_info, read_value, echo_cookie};

    if (size > 0) {
        readers[data[0] % 4](bytes_of(data + 1, size - 1));
    }
    return 0;
}
