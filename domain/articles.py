"""The name of an article in Chinese, from the short form in which rows and refusals cite it.

`Art. 22(1)(3)` is article, paragraph (款), item (项) of the Regulations of 2022; an article that is one paragraph of
items, such as 31 and 44, is cited by item and stands in a table of its own. What follows no such form is given back
unchanged.
"""

import re
from functools import lru_cache

_DIGITS = "零一二三四五六七八九"
_FORM = re.compile(r"^(2005 Regulations )?Art\. (\d+)(?:\((\d)\))?(?:\((\d)\))?$")
_OTHERS = {
    "Art. 31(1)-(5)": "《信访工作条例》第三十一条第(一)至(五)项",
    "Art. 44(3)": "《信访工作条例》第四十四条第(三)项",
    "Measures on Simplified Handling, 国信办发〔2022〕17号": "《信访事项简易办理办法》(国信办发〔2022〕17号)",
}


@lru_cache
def article_zh(article: str) -> str:
    """Return the article's name in Chinese, with the name of the Regulations."""
    found = _FORM.match(article)
    if found is None or article in _OTHERS:
        return _OTHERS.get(article, article)
    of_2005, number, paragraph, item = found.groups()
    name = f"{'《信访条例》(2005年)' if of_2005 else '《信访工作条例》'}第{_numeral(int(number))}条"
    if paragraph:
        name += f"第{_numeral(int(paragraph))}款"
    return f"{name}第({_numeral(int(item))})项" if item else name


def _numeral(number: int) -> str:
    """Write a number below a hundred in Chinese."""
    tens, ones = divmod(number, 10)
    if not tens:
        return _DIGITS[ones]
    return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")
