/*
 * The routes that look a recipient up. Private to http/.
 */
#ifndef HTTP_RECIPIENTS_H
#define HTTP_RECIPIENTS_H

#include "http/request.h"

/* GET /v1/recipients/{address} and what else a route makes of one address: called with the request read, and again when
 * its lookup is done. */
enum MHD_Result recipients_answer(struct request *request);

/* Reads request->address of what the route captured, unless that was done before. */
enum address_fault recipients_read_address(struct request *request);

/* A request that this thread answered from memory before, word for word, with what memory still gives out: the same
 * reply goes out, and nothing of the request but its header fields was read. False: it is to be answered as any
 * other. */
bool recipients_answer_again(struct request *request, enum MHD_Result *result);

#endif
