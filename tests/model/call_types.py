"""Every call type of domain 7.2: what it is and which way it goes."""

OUTBOUND, DIAL_OUT, INBOUND = "outbound", "dial_out", "inbound"
EMERGENCY, DIRECT, INTERNAL = "emergency", "direct_routing", "internal"

# call type -> (what it is, direction)
CALL_TYPES = {
    "internal": (INTERNAL, "internal"),
    "user_out": (OUTBOUND, "outbound"),
    "user_out_conf": (OUTBOUND, "outbound"),
    "user_out_transfer": (OUTBOUND, "outbound"),
    "user_out_forwarding": (OUTBOUND, "outbound"),
    "ucap_out": (OUTBOUND, "outbound"),  # D-37
    "ucap_out_conf": (OUTBOUND, "outbound"),
    "fmc_out": (OUTBOUND, "outbound"),
    "conf_out": (DIAL_OUT, "outbound"),
    "user_in": (INBOUND, "inbound"),
    "conf_in": (INBOUND, "inbound"),
    "ucap_in": (INBOUND, "inbound"),
    "unassigned_in": (INBOUND, "inbound"),
    "fmc_in": (INBOUND, "inbound"),
    "emergency_in": (EMERGENCY, "inbound"),
    "emergency_out": (EMERGENCY, "outbound"),
    "dr_emergency_out": (EMERGENCY, "outbound"),  # D-36
    "ByotOutEmergency": (EMERGENCY, "outbound"),
    "dr_in": (DIRECT, "inbound"),
    "dr_out": (DIRECT, "outbound"),
    "dr_out_user_conf": (DIRECT, "outbound"),
    "dr_out_user_forwarding": (DIRECT, "outbound"),
    "dr_out_user_transfer": (DIRECT, "outbound"),
    "dr_unassigned_in": (DIRECT, "inbound"),
    "dr_in_bot": (DIRECT, "inbound"),
    "dr_out_bot": (DIRECT, "outbound"),
    "dr_in_ucap": (DIRECT, "inbound"),
    "dr_out_ucap": (DIRECT, "outbound"),
    "ByotIn": (DIRECT, "inbound"),
    "ByotOut": (DIRECT, "outbound"),
    "ByotOutUserConf": (DIRECT, "outbound"),
    "ByotOutUserForwarding": (DIRECT, "outbound"),
    "ByotOutUserTransfer": (DIRECT, "outbound"),
}
