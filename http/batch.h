/*
 * POST /v1/recipients: many recipients at once. Private to http/.
 *
 * Whoever is in memory is answered from there, the others are looked up together:
 * lookups.h. A recipient for whom there is no place among the lookups is answered
 * "limit". Every recipient is in the answer.
 */
#ifndef HTTP_BATCH_H
#define HTTP_BATCH_H

#include "http/request.h"

enum MHD_Result batch_answer(struct request *request);

#endif
