"""What each rule of `validate` asks for, in English and Chinese."""

WITH_VALUE = ("stated", "inferred", "ambiguous")

RULES = {
    "file": ("the file must be readable CSV in UTF-8", "文件须为 UTF-8 编码的完整 CSV"),
    "header": ("the columns must be those of the field list", "列须与字段表一致"),
    "column": ("this column is missing", "缺少本列"),
    "required": ("this column may not be empty", "本列不得为空"),
    "type": ("the value must have the type of its field", "取值须符合字段类型"),
    "date": (
        "a date is a year, a month, a day or an interval, and a first or last day is a day",
        "日期写作年、月、日或区间，起止日写到日",
    ),
    "key": ("the primary key must be unique", "主键不得重复"),
    "order": ("rows must be sorted by their key", "行须按主键排序"),
    "foreign_key": ("the value must exist in the table it points to", "所引用的行须存在"),
    "vocabulary": ("the value must be one of the codes", "取值须为允许的代码"),
    "place": (
        "a place is a code of GB/T 2260, or an id of load_places()",
        "地方须为 GB/T 2260 代码或 load_places() 中的编号",
    ),
    "set_order": (
        "the members of a set stand once each, in the order of the codebook",
        "多个取值须各列一次，并按编码手册的顺序排列",
    ),
    "value_and_status": ("a value goes with a status that has one, and only then", "取值与状态须相互一致"),
    "rule": ("an inferred or not applicable value names its rule", "推定或不适用须注明规则"),
    "source": ("what was read names its source and locator", "读过的来源须注明出处与位置"),
    "search": ("what was not found names its search", "未找到须注明检索"),
    "date_or_status": ("exactly one of date and status is filled", "日期与状态须恰有其一"),
    "interval": ("earliest and latest must follow from date", "起止日须由日期生成"),
    "days_order": ("the first possible day is not after the last", "最早可能日期不得晚于最晚可能日期"),
    "date_order": ("the steps of an instrument follow one another", "同一工具各步骤的日期须前后相继"),
    "bound": ("an 'in place by' is an upper bound: ../date", "“至迟已存在”只是上限，写作 ../日期"),
    "two_dates": (
        "two dates of one step that cannot both be true are a row of conflicts",
        "同一步骤的两个日期不能并存的，须列入不一致表",
    ),
    "pair": ("a disagreement has two ends, one on each side", "不一致须有两端，左右各一"),
    "verdict": ("a verdict names what it rests on", "裁断须注明依据"),
    "followup": (
        "a relation names its event, its place and its locator; none_found names its search",
        "关系须注明事件、地方与位置，检索未得须注明检索",
    ),
    "address": (
        "an address begins with http:// or https://, and stands once",
        "网址须以 http(s):// 开头且不得重复",
    ),
    "unused": ("a source is used by a value, an event or a remark", "来源须为取值、事件或备注所用"),
    "edge": ("no space stands before or after a value", "取值前后不得有空格"),
    "dimension": ("a mechanism stands under its own dimension", "机制须归入其所属的维度"),
    "applies_to": ("outside its dimension a variable is not_applicable", "变量在其维度之外须为不适用"),
}
