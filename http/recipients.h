/*
 * The routes that look a recipient up. Private to http/.
 */
#ifndef HTTP_RECIPIENTS_H
#define HTTP_RECIPIENTS_H

#include "http/request.h"

/* GET /v1/recipients/{address} and what else a route makes of one address: called with the request read, and again when
 * its lookup is done. */
enum MHD_Result recipients_answer(struct request *request);

#endif
