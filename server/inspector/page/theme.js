// The theme: as the system has it, or as the person wants it.

const themes = ['', 'light', 'dark'];
const key = 'mixstream theme';

export function setUpTheme(button) {
  const set = (theme) => {
    document.documentElement.dataset.theme = theme;
    button.textContent = { '': '◐', light: '○', dark: '●' }[theme];
    button.title = `Theme: ${theme || 'as the system'}`;
    try {
      localStorage.setItem(key, theme);
    } catch { /* it lasts for this visit */ }
  };
  button.addEventListener('click', () => set(themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % themes.length]));
  let theme = '';
  try {
    theme = localStorage.getItem(key) ?? '';
  } catch { /* as the system */ }
  set(themes.includes(theme) ? theme : '');
}
