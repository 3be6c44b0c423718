/* The record of what was dropped: refused, or one that writes the very same bytes and says no more when it is added to
 * itself. */
#include <stdlib.h>

#include "cache/drop_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct purged purged, twice;
    struct buffer again;
    struct error error;

    if (purged_decode(bytes_of(data, size), &purged, &error) != 0) {
        return 0;
    }
    twice = purged;
    purged_merge(&twice, &purged);
    buffer_init(&again, MAX_RECORD_BYTES);
    purged_encode(&twice, &again);
    if (again.failed || !bytes_equal(buffer_bytes(&again), bytes_of(data, size)) ||
        !purged_is_within(&twice, &purged)) {
        abort();
    }
    buffer_free(&again);
    return 0;
}
