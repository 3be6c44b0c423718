/* A serialized store: whatever it says, what comes out of it lies in it, and names can be shown. */
#include <stdlib.h>

#include "base/text.h"
#include "x509/sst.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool lies_in(struct bytes part, const struct bytes *file)
{
    return part.size == 0 || (part.data >= file->data && part.data + part.size <= file->data + file->size);
}

static int visit(void *context, const struct sst_element *element, struct error *error)
{
    const struct bytes *file = context;
    char name[SST_NAME_BYTES];

    (void)error;
    must(element->kind >= SST_CERTIFICATE && element->kind <= SST_CTL);
    must(lies_in(element->der, file) && lies_in(element->friendly_name, file) && lies_in(element->usages, file));
    must(text_is_utf8(bytes_of_string(sst_name(element, name))) && strlen(name) < SST_NAME_BYTES);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes file = bytes_of(data, size);
    struct error error = {""};

    if (sst_each(file, visit, &file, &error) == 0) {
        must(sst_is(file) && size >= 20);
    } else {
        must(error.text[0] != '\0');
    }
    return 0;
}
