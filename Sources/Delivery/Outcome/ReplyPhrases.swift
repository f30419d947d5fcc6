/// The phrases that ``ReplyClassifier`` knows, gathered from what large providers and common servers document and say.
///
/// Lower case, as they occur once a reply's lines are joined by single spaces. A phrase is long enough not to occur by chance; a word
/// that may (`spam`, `quota`) is only here where every use of it in a refusal means the same.
enum ReplyPhrases {
    static let table: [(phrase: StaticString, signals: ReplySignals)] = [
        // No such mailbox.
        ("user unknown", .noSuchUser), ("unknown user", .noSuchUser), ("no such user", .noSuchUser), ("no such recipient", .noSuchUser),
        ("no such mailbox", .noSuchUser), ("no such account", .noSuchUser), ("no such address", .noSuchUser),
        ("no mailbox here", .noSuchUser), ("user not found", .noSuchUser), ("recipient not found", .noSuchUser),
        ("recipientnotfound", .noSuchUser), ("mailbox not found", .noSuchUser), ("account not found", .noSuchUser),
        ("address not found", .noSuchUser), ("does not exist", .noSuchUser), ("doesn't exist", .noSuchUser),
        ("doesn't have a ", .noSuchUser), ("unknown recipient", .noSuchUser), ("recipient unknown", .noSuchUser),
        ("unknown mailbox", .noSuchUser), ("mailbox unknown", .noSuchUser), ("unknown address", .noSuchUser),
        ("address unknown", .noSuchUser), ("unknown local part", .noSuchUser), ("unknown account", .noSuchUser),
        ("unrouteable address", .noSuchUser), ("not a valid recipient", .noSuchUser), ("invalid recipient", .noSuchUser),
        ("invalid mailbox", .noSuchUser), ("not a known user", .noSuchUser), ("not our customer", .noSuchUser),
        ("user doesn", .noSuchUser), ("mailbox unavailable", .noSuchUser), ("unknown in virtual", .noSuchUser),
        ("unknown in local recipient table", .noSuchUser), ("recipient address rejected: access denied", .noSuchUser),
        ("no longer available", .noSuchUser), ("no longer exists", .noSuchUser), ("account has been deleted", .noSuchUser),
        ("is not listed in", .noSuchUser),
        // Full mailbox.
        ("mailbox full", .mailboxFull), ("mailbox is full", .mailboxFull), ("full mailbox", .mailboxFull), ("inbox is full", .mailboxFull),
        ("inbox full", .mailboxFull), ("over quota", .mailboxFull), ("overquota", .mailboxFull), ("out of storage", .mailboxFull),
        ("quota exceeded", .mailboxFull), ("exceeded its quota", .mailboxFull), ("exceeds its quota", .mailboxFull),
        ("exceeded storage allocation", .mailboxFull), ("exceeded the quota", .mailboxFull), ("mailbox size limit", .mailboxFull),
        ("storage quota", .mailboxFull), ("mailbox has exceeded", .mailboxFull), ("exceeded mailbox", .mailboxFull),
        ("mailbox quota", .mailboxFull), ("quota has been exceeded", .mailboxFull), ("not enough storage space", .mailboxFull),
        // Too large.
        ("message size exceeds", .tooLarge), ("message too large", .tooLarge), ("message is too large", .tooLarge),
        ("message too big", .tooLarge), ("message is too big", .tooLarge), ("exceeds size limit", .tooLarge),
        ("message length exceeds", .tooLarge), ("size limit exceeded", .tooLarge), ("maximum message size", .tooLarge),
        ("exceeds maximum fixed size", .tooLarge), ("exceeded google's message size", .tooLarge), ("exceeds fixed maximum", .tooLarge),
        ("max message size exceeded", .tooLarge), ("message exceeds", .tooLarge),
        // An attachment, or what was found in one.
        ("attachment", .attachment), ("virus", .attachment), ("malware", .attachment), ("executable", .attachment),
        ("potential security issue", .attachment), ("banned file", .attachment), ("file type", .attachment),
        // Content taken for spam.
        ("spam", .spam), ("unsolicited", .spam), ("message content rejected", .spam), ("content rejected", .spam),
        ("content filter", .spam), ("junk mail", .spam), ("bulk mail", .spam), ("phish", .spam), ("suspicious", .spam),
        ("contains prohibited", .spam), ("high probability of spam", .spam), ("looks like spam", .spam),
        ("user complaints", .spam), ("spamassassin", .spam), ("rejected for policy reasons", .spam), ("bad content", .spam),
        // The sending address is blocked, or has a bad name.
        ("blocklist", .address), ("blacklist", .address), ("block list", .address), ("black list", .address), ("listed by", .address),
        ("listed at", .address), ("listed in", .address), ("spamhaus", .address), ("barracudacentral", .address), ("spamcop", .address),
        ("dnsbl", .address), ("banned sending ip", .address), ("sending ip", .address), ("your ip", .address),
        ("ip address", .address), ("ip reputation", .address), ("reputation", .address), ("client host", .address),
        ("reverse dns", .address), ("ptr record", .address), ("hostname lookup", .address), ("s3140", .address), ("s3150", .address),
        ("s775", .address), ("[ts03]", .address), ("[tss04]", .address), ("[ts01]", .address), ("[ts02]", .address), ("[ts04]", .address),
        ("[tss05]", .address), ("[tss09]", .address), ("your network", .address), ("bad dns ptr", .address), ("rl000001", .address),
        ("messages from ", .address), ("mail from your", .address), ("bl000", .address), ("(cs01)", .address),
        // Too much at once.
        ("rate limit", .rate), ("ratelimit", .rate), ("rate-limit", .rate), ("rate limited", .rate), ("rate that", .rate),
        ("too many messages", .rate), ("too many connections", .rate), ("too many concurrent", .rate), ("too many emails", .rate),
        ("too many sessions", .rate), ("too much mail", .rate), ("throttl", .rate), ("frequency limited", .rate), ("unusual rate", .rate),
        ("unexpected volume", .rate), ("sending too fast", .rate), ("slow down", .rate), ("connection limit", .rate),
        ("exceeded the maximum number of connections", .rate), ("sending rate", .rate), ("too fast", .rate), ("try again later, closing", .rate),
        ("(irs)", .rate), ("limit exceeded", .rate), ("max connections", .rate), ("maximum connections", .rate), ("too many recent", .rate),
        ("low reputation", .rate), ("volume of", .rate),
        // Greylisting.
        ("greylist", .greylist), ("graylist", .greylist), ("grey list", .greylist), ("gray list", .greylist), ("grey-list", .greylist),
        ("postgrey", .greylist), ("please try again in", .greylist), ("first attempt", .greylist), ("retry timeout", .greylist),
        // Authentication of the sender's domain.
        ("dmarc", .authentication), ("dkim", .authentication), ("spf", .authentication), ("unauthenticated", .authentication),
        ("sender authentication", .authentication), ("not authenticated", .authentication),
        ("does not meet the required authentication", .authentication),
        ("authentication level", .authentication), ("authentication requirements", .authentication),
        // More recipients than a transaction takes.
        ("too many recipients", .tooManyRecipients), ("many recipients", .tooManyRecipients), ("recipient limit", .tooManyRecipients),
        // The mailbox exists and takes nothing now.
        ("mailbox busy", .mailboxBusy), ("mailbox temporarily", .mailboxBusy), ("receiving mail at a rate", .mailboxBusy),
        ("receiving mail too quickly", .mailboxBusy), ("account is temporarily", .mailboxBusy), ("mailbox locked", .mailboxBusy),
        ("mailbox disabled", .mailboxBusy), ("is disabled", .mailboxBusy), ("is inactive", .mailboxBusy), ("account inactive", .mailboxBusy),
        // The far side's own trouble.
        ("insufficient system storage", .serverTrouble), ("insufficient system resources", .serverTrouble),
        ("system resources", .serverTrouble), ("local error", .serverTrouble), ("internal error", .serverTrouble),
        ("server error", .serverTrouble), ("temporary local problem", .serverTrouble), ("temporary lookup failure", .serverTrouble),
        ("queue file write error", .serverTrouble), ("server busy", .serverTrouble), ("service not available", .serverTrouble),
        ("service unavailable", .serverTrouble), ("service temporarily unavailable", .serverTrouble), ("system not available", .serverTrouble),
        ("server temporarily unavailable", .serverTrouble), ("temporary failure", .serverTrouble), ("temporary system problem", .serverTrouble),
        ("shutting down", .serverTrouble), ("not accepting network messages", .serverTrouble), ("no space left", .serverTrouble),
        ("out of memory", .serverTrouble), ("load average", .serverTrouble), ("temporary server error", .serverTrouble),
    ]
}
