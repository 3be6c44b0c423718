#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* What comes out is within its limits, clean, and its own normal form; and so is what people are shown. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct address address, again;
    char *pattern, out[MAX_DOMAIN_BYTES + 3];

    if (address_parse(bytes_of(data, size), &address) == ADDRESS_OK) {
        must(address.size <= MAX_ADDRESS_BYTES && address.size == strlen(address.text));
        must(address.local_size <= MAX_LOCAL_PART_BYTES && address.text[address.local_size] == '@');
        must(strspn(address_domain(&address), "abcdefghijklmnopqrstuvwxyz0123456789-.") ==
             strlen(address_domain(&address)));
        must(text_is_utf8(address_bytes(&address)) && text_is_utf8(bytes_of_string(address.display)));
        must(address_parse(address_bytes(&address), &again) == ADDRESS_OK);
        must(strcmp(again.text, address.text) == 0 && strcmp(again.display, address.display) == 0);
        must(address_parse(bytes_of_string(address.display), &again) == ADDRESS_OK);
        must(strcmp(again.text, address.text) == 0);
        must(address_domain_pattern_parse(address_domain(&address), out));
        must(strcmp(out, address_domain(&address)) == 0);
    }
    pattern = strndup((const char *)data, size);
    if (pattern != NULL && address_domain_pattern_parse(pattern, out)) {
        must(strlen(out) < sizeof(out) && address_domain_matches(out + strspn(out, "*."), "*"));
    }
    free(pattern);
    return 0;
}
