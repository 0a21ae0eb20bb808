package wps

// The demo people and groups that the blueprints name; demo.go has their records.
const (
	userChen  = "u1001" // the demo user
	userLi    = "u1002"
	userWang  = "u1003"
	userZhao  = "u1004"
	userSun   = "u2001" // of the other company
	groupHR   = "g101"
	groupCash = "g102"
)

func yes() *bool { v := true; return &v }
func no() *bool  { v := false; return &v }

func days(n int) *int { return &n }

func mode(s string) *string { return &s }

// blueprints are the demo definitions' forms and processes by kind.
func blueprints() map[string]blueprint {
	return map[string]blueprint{
		"leave": leaveBlueprint(), "overtime": overtimeBlueprint(), "trip": tripBlueprint(), "expense": expenseBlueprint(),
		"purchase": purchaseBlueprint(), "seal": sealBlueprint(), "onboard": onboardBlueprint(), "resign": resignBlueprint(),
		"car": carBlueprint(), "access": accessBlueprint(), "payment": paymentBlueprint(), "notice": noticeBlueprint(),
		"empty": {steps: []step{approve("直属上级", leader(1))}},
	}
}

func leaveBlueprint() blueprint {
	return blueprint{
		forms: []Form{
			choice(formSelect, "leave_type", "请假类型", "年假", "事假", "病假", "婚假", "陪产假").must(),
			period("leave_time", "请假时间", "half_day").must(),
			control("number", "leave_days", "天数").must().extra(`{"unit":"天"}`),
			control("text_type_area", "reason", "请假事由").hint("请填写事由").must(),
			control("image", "proof", "病假证明").shownIf(is("leave_type", formSelect, "equal", "option_3")),
		},
		steps: []step{
			approve("直属上级", leader(1)).orElse("transfer_to_admin").lock(),
			choose("按天数",
				when("三天以上", is("leave_days", "number", "gt", "3"),
					approve("部门负责人", owner(1)), approve("逐级上级", leaders(3)).by("step")),
				when("病假", is("leave_type", formSelect, "belongs", "option_3"), approve("人事", members(groupHR)).by("or_sign")),
				otherwise()),
			tell("抄送人事", members(groupHR), true),
		},
		setting: &Setting{IsAllowRevoke: yes(), IsAllowRevokeApproved: yes(), AllowRevokeApprovedDays: days(30),
			IsAllowResubmit: yes(), IsShowInHomePage: yes(), ApprovalDeduplicateMode: mode("continuous_node")},
	}
}

func overtimeBlueprint() blueprint {
	return blueprint{
		forms: []Form{
			period("overtime", "加班时间", "hour_minute").must(),
			choice(formSelect, "pay", "补偿方式", "调休", "加班费").must(),
			control("text_type_input", "work", "加班内容").hint("一句话").must(),
		},
		steps: []step{approve("直属上级", leader(1)).orElse("auto_pass"), tell("抄送考勤", named(userLi), false)},
	}
}

func tripBlueprint() blueprint {
	return blueprint{
		forms: []Form{
			control("text_type_input", "place", "目的地").must(),
			period("trip", "行程", "hour_minute_timezone").must(),
			choice(formMultiSelect, "transport", "交通工具", "飞机", "火车", "汽车", "自驾").must(),
			control("contact", "companions", "同行人"),
			control("money", "budget", "预算").extra(`{"currency":"CNY"}`),
		},
		steps: []step{
			approve("直属上级", leader(1)),
			choose("按预算与交通",
				whenAny("预算过万或乘机", []ConditionGroup{
					{[]Condition{is("budget", "money", "gte", "10000")}},
					{[]Condition{is("transport", formMultiSelect, "contains_any", "option_1"), is("budget", "money", "gt", "3000")}},
				}, approve("会签", named(userLi, userWang)).by("and_sign")),
				otherwise(approve("部门负责人", owner(1)))),
			tell("抄送行政", members(groupHR), true),
		},
		setting: &Setting{IsAllowRollback: yes(), MustWithRefuseReason: yes(), MustWithReturnReason: yes()},
	}
}

func expenseBlueprint() blueprint {
	return blueprint{
		forms: []Form{
			control("money", "amount", "报销金额").must(),
			choice(formSelect, "kind", "费用类型", "差旅", "招待", "办公", "其他").must(),
			control("text_type_file", "invoice", "发票").must(),
			control("rich_text", "detail", "费用明细"),
			control("info", "hint", "发票抬头请写公司全称"),
		},
		steps: []step{
			approve("直属上级", leader(1)),
			choose("按金额",
				when("五千元以上", is("amount", "money", "gte", "5000"), approve("逐级负责人", owners(9)).by("step"),
					choose("招待费另审", when("招待", is("kind", formSelect, "equal", "option_2"), approve("总经理", named(userZhao))), otherwise())),
				when("一千元以下", is("amount", "money", "lt", "1000")),
				otherwise(approve("部门负责人", owner(1)))),
			approve("出纳", members(groupCash)).by("or_sign").lock(),
		},
		setting: &Setting{MustWithApproveSignature: no(), OneClickApproval: no(), ApprovalDeduplicateMode: mode("all_node")},
	}
}

func purchaseBlueprint() blueprint {
	return blueprint{
		forms: []Form{
			control("text_type_area", "items", "采购清单").must(),
			control("money", "total", "总价").must(),
			control("date", "until", "期望到货日期"),
			choice(formSelect, "source", "供应商", "协议供应商", "询价", "单一来源").must(),
		},
		steps: []step{
			approve("自选审批人", chosen(SelectRange{"user", userLi}, SelectRange{"user", userWang}, SelectRange{"user_group", groupHR})).
				choosing("single_choice"),
			choose("单一来源", when("是", is("source", formSelect, "equal", "option_3"), approve("会签", chosen()).choosing("multi_choice").by("and_sign")),
				otherwise()),
			approve("财务", members(groupCash)).by("step"),
		},
	}
}

func sealBlueprint() blueprint {
	return blueprint{
		forms: []Form{
			choice(formMultiSelect, "seals", "印章", "公章", "合同章", "法人章", "财务章").must(),
			control("text_type_file", "file", "用印文件").must(),
			control("number", "copies", "份数").must(),
		},
		steps: []step{
			choose("按印章",
				when("含法人章", is("seals", formMultiSelect, "contains_all", "option_3"), approve("法定代表人", named(userZhao)).lock()),
				when("仅公章", is("seals", formMultiSelect, "contains_eq", "option_1"), approve("行政", named(userWang))),
				otherwise(approve("两级上级", leaders(2)).by("step"))),
			custom("盖章登记"),
		},
	}
}

func onboardBlueprint() blueprint {
	return blueprint{
		forms: []Form{
			control("contact", "newcomer", "新员工").must(), control("date", "first_day", "入职日期").must(),
			choice(formSelect, "post", "岗位", "研发", "产品", "销售", "职能").must(), control("sender", "filed_by", "发起人"),
		},
		steps: []step{
			approve("部门负责人", owner(2)), approve("人事会签", named(userLi, userZhao)).by("and_sign"), tell("告知本人", initiator(), false),
		},
		setting: &Setting{},
	}
}

func resignBlueprint() blueprint {
	return blueprint{
		forms: []Form{
			control("date", "last_day", "最后工作日").must(), control("text_type_area", "why", "离职原因"),
			control("contact", "heir", "交接人").must(),
		},
		steps: []step{
			approve("直属上级", leader(1)).lock(), approve("逐级上级", leaders(9)).by("step"),
			choose("是否指定交接人", when("指定", is("heir", "contact", "belongs", userWang), approve("交接人", named(userWang))),
				when("不在组内", is("heir", "contact", "not_belongs", userLi)), otherwise()),
			approve("人事", members(groupHR)).by("or_sign"),
		},
		setting: &Setting{IsAllowRevoke: no(), ApprovalShareToCompany: no()},
	}
}

func carBlueprint() blueprint {
	return blueprint{
		forms: []Form{control("number", "people", "乘车人数").must(), period("use", "用车时间", "year_month_day").must(),
			control("text_type_input", "from", "起点"), control("text_type_input", "to", "终点")},
		steps: []step{
			choose("人数", when("七人以上", is("people", "number", "gte", "7"), approve("车队", named(userWang))),
				when("恰好一人", is("people", "number", "equal", "1"), approve("自批", initiator())), otherwise(approve("行政", named(userLi)))),
		},
	}
}

func accessBlueprint() blueprint {
	return blueprint{
		forms: []Form{choice(formMultiSelect, "systems", "系统", "ERP", "CRM", "Git", "VPN").must(),
			control("text_type_area", "purpose", "用途").must().hint(`例如 "R&D" <代码库>`)},
		steps: []step{approve("直属上级", leader(1)), approve("安全", named(userZhao, userWang)).by("or_sign")},
	}
}

func paymentBlueprint() blueprint {
	return blueprint{
		forms: []Form{control("money", "sum", "付款金额").must(), control("text_type_input", "payee", "收款方").must(),
			period("month", "费用归属", "year_month"), control("text_type_file", "contract", "合同")},
		steps: []step{
			approve("部门负责人", owner(1)),
			choose("金额", when("十万以下", is("sum", "money", "lte", "100000")), otherwise(approve("总经理", named(userZhao)))),
			approve("出纳", members(groupCash)).by("step").lock(), tell("抄送财务", members(groupCash), true),
		},
		setting: &Setting{IsShowInBackendPage: yes(), MustWithRefuseReason: yes()},
	}
}

func noticeBlueprint() blueprint {
	return blueprint{
		forms: []Form{control("text_type_input", "title", "标题").must(), control("rich_text", "content", "正文").must()},
		steps: []step{tell("知会", named(userLi, userWang, userZhao), true)},
	}
}
