# NIST's directory as slapadd -s takes it, and below it an entry for each row, with the row's address as mail.
#
#   awk -v data=FOLDER -f ldif.awk FOLDER/pkits.ldif ROWS.tsv
#
# Authorities and CRL issuers stay as NIST published them, at their own names, with certificates and CRLs. NIST's
# entries of the leaves stay as well: some are authorities. crossCertificatePair repeats what cACertificate holds, and
# is left out.
FNR == NR {
    sub(/\r$/, "")
    if (/^crossCertificatePair/ || /^objectClass/) {
        next
    }
    sub("file:///tmp", "file://" data)
    print
    if (/^dn:/) {
        print "objectClass: extensibleObject"
    }
    next
}

FNR == 1 { print "" }
{
    split($0, field, "\t")
    print "dn: mail=" field[2] ",o=Test Certificates 2011,c=US"
    print "objectClass: extensibleObject"
    print "mail: " field[2]
    print "userCertificate;binary:< file://" data "/certs/" field[4]
    print ""
}
