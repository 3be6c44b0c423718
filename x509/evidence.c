#include "x509/evidence.h"

#include <stdatomic.h>
#include <stdlib.h>

struct evidence {
    atomic_uint references;
};

struct evidence *evidence_new(void)
{
    struct evidence *evidence = calloc(1, sizeof(*evidence));

    if (evidence != NULL) {
        atomic_init(&evidence->references, 1);
    }
    return evidence;
}

struct evidence *evidence_ref(struct evidence *evidence)
{
    if (evidence != NULL) {
        atomic_fetch_add_explicit(&evidence->references, 1, memory_order_relaxed);
    }
    return evidence;
}

void evidence_free(struct evidence **evidence)
{
    struct evidence *gone = *evidence;

    *evidence = NULL;
    if (gone != NULL && atomic_fetch_sub_explicit(&gone->references, 1, memory_order_acq_rel) == 1) {
        free(gone);
    }
}
