import { chinese, text } from "./texts.js";

// Sentences of what only a phone or an installed application needs.
const ZH = {
  "You are offline.": "您已离线。",
  "{n} waiting to be sent": "{n} 项等待发送",
  "{n} not sent: see why": "{n} 项未发送：查看原因",
  "Kept on this device. It is sent when there is a network.": "已保存在本机，有网络时自动发送。",
  "A decision that has to be signed needs a network: a password is never stored. Nothing was sent.": "需要签名的决定必须联网：密码绝不会被保存。什么都没有发送。",
  "Sent: {label}": "已发送：{label}",
  "Not sent: {label}. {reason}": "未发送：{label}。{reason}",
  "Sign in to send what waits.": "请登录以发送等待的内容。",
  "Waits since {time}": "自 {time} 起等待",
  "Refused: {reason}": "被拒绝：{reason}",
  Discard: "丢弃",
  "This device keeps no more. Send what waits first.": "本机已无法保存更多，请先发送等待的内容。",
  "{n} of your decisions were not sent yet. Signing out deletes them from this device.": "您有 {n} 个决定尚未发送，退出登录会将其从本机删除。",
  "Sign out and delete": "退出并删除",
  "This browser cannot be woken. On an iPhone, first add Youxu to the home screen.": "此浏览器无法接收推送。在 iPhone 上请先将 Youxu 添加到主屏幕。",
  "Devices can be told only over HTTPS.": "只有通过 HTTPS 才能向设备推送。",
  "This device tells you.": "本设备会通知您。",
  "Notifications are blocked for this site in the browser's settings.": "浏览器设置已阻止本站通知。",
  "This device could not be registered: {reason}": "无法登记本设备：{reason}",
  "Scan with the camera": "用摄像头扫码",
  "Hold the code into the frame": "请将条码对准取景框",
  "The camera cannot be used: {reason}": "无法使用摄像头：{reason}",
  "The camera was refused. Allow it for this site in the browser's or the phone's settings, then try again; a scanner or typing works without.":
    "摄像头权限被拒绝。请在浏览器或手机设置中允许本站使用摄像头后重试；也可使用扫码枪或手工输入。",
  "This device has no camera. Use a scanner, or type.": "本设备没有摄像头，请使用扫码枪或手工输入。",
  "Another program uses the camera. Close it there, then try again.": "摄像头正被其他程序占用，请先关闭该程序再重试。",
  "The reader of codes could not be loaded. Check the network and try again.": "读码组件加载失败，请检查网络后重试。",
  "Checking …": "正在核对…",
  "Right: {what}": "正确：{what}",
  "The server did not answer. Scan again.": "服务器没有应答，请再扫一次。",
  Close: "关闭",
};

/** The sentence in the reader's language; `{name}` is filled from `values`. */
export const told = (sentence, values = {}) => text(chinese ? (ZH[sentence] ?? sentence) : sentence, values);
