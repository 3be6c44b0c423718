/*
 * From verdicts to an outcome: the one place that says when a lookup found
 * something, when there is nothing, and when nobody can tell. The gateway and
 * the command line share it.
 */
#ifndef BASE_DECIDE_H
#define BASE_DECIDE_H

#include "base/answer.h"

/* The draft has its certificates and its asked directories; this fills in outcome, reason and partial. Pure.
 * `deadline_passed`: an asked directory that did not answer is our deadline's fault. */
void decide(struct answer_draft *draft, bool deadline_passed);

/* Why what a directory said is not all that there is to say; REASON_USABLE: it answered. */
enum reason decide_why_missing(enum asked_result result);

#endif
