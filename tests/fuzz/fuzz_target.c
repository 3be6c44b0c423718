#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"
#include "http/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool lies_in(struct bytes view, struct bytes whole)
{
    return view.data >= whole.data && view.data + view.size <= whole.data + whole.size;
}

/* Every view lies in the storage or in what was read, is UTF-8 and free of control characters. */
static void check(const struct target *target, struct bytes raw, struct bytes view)
{
    must(view.size == 0 || lies_in(view, raw) || lies_in(view, bytes_of(target->storage, target->used)));
    must(text_is_utf8(view));
    for (size_t i = 0; i < view.size; i++) {
        must(view.data[i] >= 0x20 && view.data[i] != 0x7f);
    }
}

static bool is_segment(const struct target *target, size_t at, const char *text)
{
    return bytes_equal(target->segments[at], bytes_of_string(text));
}

/* What is taken as it stands is what it is when taken apart; and nothing that stands for itself needs that. */
static void check_between(struct bytes raw)
{
    static struct target whole, apart;
    struct bytes segment;

    bool is = target_is_between(raw, bytes_of_string("/v1/recipients/"), bytes_of_string("/certificate"), &whole, &segment);
    bool same = target_parse(raw, &apart) == TARGET_OK && apart.segment_count == 4 && apart.used == 0 &&
                apart.parameter_count == 0 && is_segment(&apart, 0, "v1") && is_segment(&apart, 1, "recipients") &&
                apart.segments[2].size > 0 && is_segment(&apart, 3, "certificate") && raw.data[0] == '/' &&
                memchr(raw.data, '?', raw.size) == NULL;
    must(is == same && (!is || bytes_equal(segment, apart.segments[2])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct target target;
    struct bytes raw = bytes_of(data, size), value = {NULL, 0};

    check_between(raw);
    if (target_parse(raw, &target) != TARGET_OK) {
        return 0;
    }
    must(size > 0 && size <= MAX_URI_BYTES && target.used <= size);
    must(target.asterisk == (target.segment_count == 0) && target.segment_count <= TARGET_SEGMENTS_MAX);
    must(target.parameter_count <= TARGET_PARAMETERS_MAX);
    for (size_t i = 0; i < target.segment_count; i++) {
        check(&target, raw, target.segments[i]);
    }
    for (size_t i = 0; i < target.parameter_count; i++) {
        check(&target, raw, target.parameters[i].name);
        check(&target, raw, target.parameters[i].value);
    }
    must(target_parameter(&target, "format", &value) <= target.parameter_count);
    return 0;
}
