/*
 * POST /v1/recipients: many recipients at once. Private to http/.
 *
 * Whoever is in memory is answered from there. For the others the connection is
 * suspended, all their lookups are started together, an address that stands
 * twice is asked once, and the lookup that comes back last resumes the
 * connection; each comes at the deadline of lookups at the latest. Then memory is
 * asked for the others once more: what it had may have been dropped meanwhile.
 * Who is not there any more is looked up, in a second wait, which is the last.
 *
 * A batch takes one place among the requests that wait. Its lookups take places
 * of their own, shared by all batches and fewer than single requests have; a
 * recipient for whom there is none is answered "limit". Every recipient is in the
 * answer.
 */
#ifndef HTTP_BATCH_H
#define HTTP_BATCH_H

#include "http/request.h"

enum MHD_Result batch_answer(struct request *request);

#endif
