// A day that is half typed or impossible (30 February) is no empty field, though the browser sends it as one.

const NO_DAY = "未填完的日期";

export function tellHalfTypedDays() {
  document.addEventListener("formdata", (event) => {
    for (const field of event.target.elements) {
      if (field.type === "date" && field.name && field.validity.badInput) event.formData.set(field.name, NO_DAY);
    }
  });
}
