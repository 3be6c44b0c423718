#include <stdlib.h>
#include "x509/evidence.h"
#define WEAK __attribute__((weak))
WEAK void arrival_report_free(struct arrival_report *report){ free(report->revoked); report->revoked=NULL; report->revoked_count=0; }
WEAK struct evidence *evidence_add(const struct evidence *before, const struct policies *policies, const struct arrival *arrival, struct arrival_report *report){ (void)before;(void)policies;(void)arrival; error_set(&report->error,"temporary"); return NULL; }
WEAK struct evidence *evidence_without_old(const struct evidence *before, int64_t now){ (void)before;(void)now; return NULL; }
WEAK bool evidence_revokes(const struct evidence *evidence, const uint64_t *links, size_t count, int64_t now){ (void)evidence;(void)links;(void)count;(void)now; return false; }
WEAK struct evidence_counts evidence_count(const struct evidence *evidence){ (void)evidence; return (struct evidence_counts){0}; }
