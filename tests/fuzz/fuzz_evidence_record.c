/* The body of a record of evidence: refused, or one that writes the very same bytes. */
#include <stdlib.h>

#include "cache/evidence_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct evidence_record record;
    struct buffer again;
    struct error error;

    if (evidence_record_decode(bytes_of(data, size), &record, &error) != 0) {
        return 0;
    }
    buffer_init(&again, MAX_RECORD_BYTES);
    if (evidence_record_encode(&record, &again) != 0 || !bytes_equal(buffer_bytes(&again), bytes_of(data, size))) {
        abort();
    }
    buffer_free(&again);
    evidence_record_clear(&record);
    return 0;
}
