/*
 * Every fixed limit of certlookup in one place.
 *
 * A limit that an operator may want to move is a setting (gateway/config.c) and
 * its bounds are there; what stands here is what no setting can lift. Whoever
 * hits one counts it: COUNT_LIMIT_* in base/metrics.h.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* A mail address: RFC 5321 4.5.3.1.1 (local part), .2 (domain), .3 (path less <>). Octets; RFC 6531 3.1 keeps them. */
#define MAX_LOCAL_PART_BYTES 64
#define MAX_DOMAIN_BYTES 253
#define MAX_LABEL_BYTES 63            /* of a domain: RFC 1035 2.3.4 */
#define MAX_ADDRESS_BYTES 254
/* The same address with its domain in U-labels may be longer: up to 4 octets of UTF-8 for each code point. */
#define MAX_ADDRESS_DISPLAY_BYTES 1024

/* One directory's answer to one search. */
#define MAX_ENTRIES 64               /* upper bound of directories.entries */
#define MAX_VALUES 64                /* certificate values of one answer, all directories together */
#define MAX_VALUE_BYTES (64 * 1024)  /* one attribute value; AD stores up to 32 KiB in userSMIMECertificate */
#define MAX_ENTRY_MAILS 8            /* an entry's own mail values, kept beside each of its certificates */
#define MAX_ENTRY_MAILS_READ 64      /* its mail values that are looked at for these */
#define MAX_MAILS_BYTES (MAX_ENTRY_MAILS * (MAX_ADDRESS_BYTES + 1)) /* all of them, each with a line end */
#define MAX_DN_BYTES 1024            /* longer DNs are cut for display */
#define MAX_SYNC_ENTRY_KEYS 256      /* addresses, or domains, of one entry that following a directory remembers */
#define MAX_SYNC_REFRESH_CHANGES 1024 /* of one refresh that are told one by one; with more, everything is dropped */
#define MAX_SYNC_COOKIE_BYTES 8192   /* with a longer one nothing can be continued */
#define MAX_PDU_BYTES (8 * 1024 * 1024) /* one LDAP message from a server */

/* Certificates. */
#define MAX_BUNDLE_CERTIFICATES 32 /* of one userSMIMECertificate; more is malformed, as any could be the one */
#define MAX_CHAIN 10               /* certificates in a chain, leaf and anchor included */
#define MAX_CERTIFICATE_NAMES 4096 /* looked at, in subjectAltName and in the subject each */
#define MAX_NAME_COMPARISONS (256 * 1024) /* of names with name constraints, for one path */
#define MAX_EXTENSIONS 64          /* of one certificate; more is malformed */
#define MAX_ISSUERS_TRIED 256      /* certificates that bear an issuer's name, looked at for one value */
#define MAX_SIGNATURE_CHECKS 32    /* tried while looking for the paths of one value */
#define MAX_PATHS 16               /* complete paths judged for one value */
#define MAX_ALL_SIGNATURE_CHECKS 512 /* for all values of one answer: at least 8 for each of MAX_VALUES */
#define MAX_ALL_PATHS 256          /* likewise: at least 4 for each */
#define MAX_RSA_BITS 8192          /* a larger modulus makes each use slow */
#define MAX_RSA_EXPONENT_BITS 64   /* likewise; 65537 has 17 */
#define MAX_DETAIL_BYTES 300       /* why a value was refused, in words */

/* The trail that explain leaves, of one value. What is beyond is counted there. */
#define MAX_TRAIL_CHAINS (2 * MAX_PATHS) /* tried: complete ones, and as many that lead nowhere */
#define MAX_TRAIL_RULES 32               /* broken by one chain, or by a leaf */
#define MAX_TRAIL_EVIDENCE 64            /* of one chain */

/* Evidence that is fetched while we run. */
#define MAX_NEED_ROUNDS 5                 /* of one lookup: judged, lacking something, fetched, judged again */
#define MAX_PLACES 8192                   /* that evidence was asked of and that are remembered */
#define MAX_EVIDENCE_OBJECTS 64           /* of one arrival: values of an entry, or one body */
#define MAX_ARRIVED_BYTES (128L * 1024 * 1024) /* what came and waits to be verified, all together */
#define MAX_REFRESHES 4                   /* places that are asked again at a time without anybody waiting */
#define MAX_SOURCE_BYTES 2048             /* where a thing came from, as shown */

/* Fetching from places that certificates name. */
#define MAX_FETCH_URL_BYTES 2048
#define MAX_FETCH_REDIRECTS 3
#define MAX_FETCH_HEADER_BYTES (64 * 1024) /* of one HTTP answer, status line and trailers included */
#define MAX_FETCH_OCSP_BYTES (256 * 1024)  /* one OCSP answer, and one question */
#define MAX_FETCH_ISSUER_BYTES (1024 * 1024) /* one body with certificates of issuers */
#define MAX_FETCH_HOSTS 512          /* whose rates are remembered */
#define MAX_FETCH_RETRY_AFTER_S 3600 /* a server may ask for no longer rest */
#define MAX_ENTRY_VALUES 16          /* taken of one issuer's entry in a directory */
#define MAX_LEFT_RESOLVERS 16        /* threads that still resolve a name nobody waits for any more */

/* Revocation. */
#define MAX_CRL_ISSUERS 1024       /* whose certificates one indirect CRL lists */
#define MAX_CRL_SIGNERS_TRIED 16   /* certificates of its issuer's name whose key may have made a CRL's signature */
#define MAX_CRL_POINTS 32          /* distribution points of one certificate or CRL, looked at */
#define MAX_POINT_NAMES 32         /* names of one of them, looked at */
#define MAX_CRLS_ASKED 64          /* CRLs within whose scope one certificate is */
#define MAX_SIGNER_CHECKS 16       /* signatures checked while looking for the paths of CRL signers, for one value */
#define MAX_SIGNER_PATHS 8         /* such paths judged */
#define MAX_SIGNER_DEPTH 3         /* a path whose evidence is signed by one whose evidence is signed by … */
#define MAX_SIGNERS_KNOWN 32       /* CRL signers whose paths one judging remembers */
#define MAX_LINK_EVIDENCE 24       /* of one path, for explain */
#define MAX_NEED_URL_BYTES 2048    /* a longer one is not asked for */
#define MAX_OCSP_CERTIFICATES 8    /* in one OCSP answer, looked at */
#define MAX_OCSP_ANSWERS 64        /* single answers in one OCSP answer, looked at */
#define MAX_EVIDENCE_ITEMS 20000   /* places whose CRLs, OCSP answers and issuers are held */
#define MAX_EVIDENCE_BYTES (512L * 1024 * 1024) /* what they take */
#define MAX_ARRIVAL_OBJECTS 256    /* CRLs and certificates that came from one place */

/* Searches (RFC 4387). */
#define MAX_SEARCH_NAME_BYTES 256  /* a CommonName has 64 characters (X.520 ub-common-name) of up to 4 octets */
#define MAX_SEARCH_FOLDED_BYTES (3 * MAX_SEARCH_NAME_BYTES) /* the same, case folded */
#define MAX_SEARCH_RESULTS 16      /* certificates or CRLs in one answer, and addresses that are looked up for it */
#define MAX_NAME_SEARCHES 64       /* that ask directories for a name at a time */
#define MAX_CERTIFICATE_CNS 4      /* CommonNames of one subject, looked at */

/* Configuration. */
#define MAX_DIRECTORIES 64
#define MAX_URIS 8           /* of one directory */
#define MAX_DOMAINS 256      /* of one directory, of one rule */
#define MAX_TRUST_RULES 64
#define MAX_POLICY_OIDS 64
#define MAX_OID_TEXT_BYTES 128
#define MAX_FINGERPRINTS 1024 /* on a deny or allow list */
#define MAX_LISTEN 16
#define MAX_CORS_ORIGINS 64
#define MAX_CONFIG_BYTES (1024 * 1024)
#define MAX_FILE_BYTES (64 * 1024 * 1024) /* one anchor or CRL file */

#define MAX_SST_ELEMENTS 65536 /* of one .sst file */
#define MAX_SST_PROPERTIES 64  /* of one element in it */

/* HTTP. */
#define MAX_URI_BYTES 4096
#define MAX_IGNORED_BODY_BYTES (64 * 1024)         /* of a request's body that nobody wants */
#define MAX_RESPONSE_BYTES (32 * 1024 * 1024)      /* one answer in one format */
#define MAX_BATCH_RECIPIENTS 5000                  /* upper bound of http.batch */
#define MAX_BATCH_BODY_BYTES (2 * 1024 * 1024)     /* each of them at its longest, in quotes */
#define MAX_PURGE_BODY_BYTES 4096
#define MAX_HELD_BYTES (256L * 1024 * 1024)        /* bodies that are being read, and answers to them, all together */

/* JSON that a gateway sends to the command line. Parts are members and elements. */
#define MAX_JSON_BYTES (16 * 1024 * 1024)
#define MAX_JSON_DEPTH 16
#define MAX_JSON_PARTS (128 * 1024)

/* A record as it stands in Redis. */
#define MAX_RECORD_BYTES (4 * 1024 * 1024)

/* Records on their way to Redis, all together. */
#define MAX_REDIS_QUEUED_BYTES (32 * 1024 * 1024)

/* What gateways say to each other through Redis: one message, and what Redis tells them at a time. */
#define MAX_MESSAGE_BYTES 1024
#define MAX_PURGED_DOMAINS 64 /* remembered there as dropped; of more, the one that was dropped longest ago drops all */
#define MAX_CHANGED_KEYS (64 * 1024)
#define MAX_CHANGED_KEY_BYTES 1024

/* One line of the log. */
#define MAX_LOG_LINE_BYTES 4096

/* The text of one error. */
#define MAX_ERROR_BYTES 512

#endif
